#include "daemon/runtime_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char system_dir[] = "/run/leaderd";

/* The first of $RUNTIME_DIRECTORY: systemd separates several with colons. False when there is none
 * or it is too long. */
static bool given_dir(char dir[RUNTIME_DIR_SIZE])
{
    const char *given = getenv("RUNTIME_DIRECTORY");
    size_t length = given == NULL ? 0 : strcspn(given, ":");
    if (length == 0 || given[0] != '/' || length >= RUNTIME_DIR_SIZE) {
        return false;
    }
    memcpy(dir, given, length);
    dir[length] = '\0';
    return true;
}

static bool session_dir(char dir[RUNTIME_DIR_SIZE])
{
    const char *session = getenv("XDG_RUNTIME_DIR");
    if (session == NULL || session[0] != '/') {
        return false;
    }
    int length = snprintf(dir, RUNTIME_DIR_SIZE, "%s/leaderd", session);
    return length > 0 && length < RUNTIME_DIR_SIZE;
}

static void own_dir(char dir[RUNTIME_DIR_SIZE])
{
    (void)snprintf(dir, RUNTIME_DIR_SIZE, "/tmp/leaderd-%u", (unsigned)geteuid());
}

/* Is it a directory, no link, that belongs to this user? */
static bool is_ours(const char *dir, struct stat *status)
{
    return lstat(dir, status) == 0 && S_ISDIR(status->st_mode) && status->st_uid == geteuid();
}

static bool make(const char *dir, mode_t mode)
{
    return (mkdir(dir, mode) == 0 || errno == EEXIST) && access(dir, W_OK | X_OK) == 0;
}

static bool make_own(char dir[RUNTIME_DIR_SIZE], struct problem *problem)
{
    struct stat status;
    own_dir(dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return problem_set(problem, "cannot make the runtime directory %s: %s", dir,
                           strerror(errno));
    }
    if (!is_ours(dir, &status)) {
        return problem_set(problem,
                           "the runtime directory %s is not a directory of this user: remove it, "
                           "or set XDG_RUNTIME_DIR to a directory of this user",
                           dir);
    }
    if ((status.st_mode & 0777) != 0700 && chmod(dir, 0700) != 0) {
        return problem_set(problem, "cannot make the runtime directory %s private: %s", dir,
                           strerror(errno));
    }
    return true;
}

bool runtime_dir_make(char dir[RUNTIME_DIR_SIZE], struct problem *problem)
{
    if (given_dir(dir)) {
        return make(dir, 0755) || problem_set(problem, "cannot write to $RUNTIME_DIRECTORY %s: %s",
                                              dir, strerror(errno));
    }
    if (make(system_dir, 0755)) {
        memcpy(dir, system_dir, sizeof system_dir);
        return true;
    }
    if (session_dir(dir) && make(dir, 0700)) {
        return true;
    }
    return make_own(dir, problem);
}

unsigned runtime_dir_candidates(char dirs[RUNTIME_DIR_CANDIDATES][RUNTIME_DIR_SIZE])
{
    unsigned count = 0;
    struct stat status;
    if (given_dir(dirs[count])) {
        return 1;
    }
    memcpy(dirs[count++], system_dir, sizeof system_dir);
    if (session_dir(dirs[count])) {
        count++;
    }
    own_dir(dirs[count]);
    return is_ours(dirs[count], &status) ? count + 1 : count;
}

#include "daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t read_all(int fd, char *bytes, size_t size)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = read(fd, bytes + length, size - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static bool is_open_to_others(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

char *secret_read(const char *path, bool *open_to_others, struct problem *problem)
{
    char *secret = calloc(1, SECRET_MAX + 3);
    int fd = secret != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    ssize_t length = fd >= 0 ? read_all(fd, secret, SECRET_MAX + 2) : -1;
    int reason = secret != NULL ? errno : ENOMEM;
    if (fd >= 0) {
        *open_to_others = is_open_to_others(fd);
        close(fd);
    }
    if (length < 0) {
        (void)problem_set(problem, "cannot read the secret file %s: %s", path, strerror(reason));
        secret_free(secret);
        return NULL;
    }
    if (length > 0 && secret[length - 1] == '\n') {
        secret[--length] = '\0';
    }
    if (length > 0 && secret[length - 1] == '\r') {
        secret[--length] = '\0';
    }
    if (length == 0 || length > SECRET_MAX || strlen(secret) != (size_t)length) {
        (void)problem_set(problem, "the secret file %s must hold 1 to %d bytes without NUL", path,
                          SECRET_MAX);
        secret_free(secret);
        return NULL;
    }
    return secret;
}

bool file_check(const char *path, bool *open_to_others, struct problem *problem)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool known = fd >= 0 && fstat(fd, &status) == 0;
    int reason = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!known) {
        return problem_set(problem, "cannot read the file %s: %s", path, strerror(reason));
    }
    *open_to_others = (status.st_mode & S_IROTH) != 0;
    return S_ISREG(status.st_mode) ||
           problem_set(problem, "cannot read the file %s: it is not a regular file", path);
}

void secret_free(char *secret)
{
    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}

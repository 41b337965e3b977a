#include "daemon/job.h"

#include "daemon/cli.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void job_init(struct job *job, pid_t spared)
{
    *job = (struct job){.spared = spared, .start_fd = -1};
    job->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static bool in_foreground(const struct job *job)
{
    return job->terminal >= 0 && tcgetpgrp(job->terminal) == getpgrp();
}

static void give_terminal(struct job *job)
{
    job->has_terminal = in_foreground(job) && tcsetpgrp(job->terminal, job->group) == 0;
}

static void take_terminal(struct job *job)
{
    if (job->has_terminal) {
        (void)tcsetpgrp(job->terminal, getpgrp());
    }
    job->has_terminal = false;
}

/* In the child. Whoever started it may have died before the kernel was told to watch. */
static _Noreturn void become(char *const *command, char *const *environment, const sigset_t *mask,
                             int start_fd, pid_t parent)
{
    char go = 0;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    ssize_t got = -1;
    do {
        got = read(start_fd, &go, 1);
    } while (got < 0 && errno == EINTR);
    if (getppid() != parent || got != 1) {
        _exit(CLI_UNAVAILABLE);
    }
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    (void)execvpe(command[0], command, environment);
    int code = errno == ENOENT ? 127 : 126;
    _exit(cli_fail(code, "cannot run %s: %s", command[0], strerror(errno)));
}

bool job_start(struct job *job, char *const *command, char *const *environment,
               const sigset_t *mask, struct problem *problem)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return problem_set(problem, "cannot make a pipe: %s", strerror(errno));
    }
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[1]);
        become(command, environment, mask, ends[0], parent);
    }
    int reason = errno;
    (void)close(ends[0]);
    if (child < 0) {
        (void)close(ends[1]);
        return problem_set(problem, "cannot run %s: %s", command[0], strerror(reason));
    }
    (void)setpgid(child, child); /* whoever of the two comes first */
    job->group = child;
    job->ended = job->stopped = false;
    job->status = 0;
    job->start_fd = ends[1];
    give_terminal(job);
    return true;
}

void job_go(struct job *job)
{
    while (write(job->start_fd, "!", 1) < 0 && errno == EINTR) {
    } /* where it has died already, that is told by its status */
    (void)close(job->start_fd);
    job->start_fd = -1;
}

void job_reap(struct job *job)
{
    int status = 0;
    pid_t child;
    while ((child = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
        if (child == job->spared) {
            job->spared = 0;
        } else if (child != job->group || job->ended) {
            continue;
        } else if (WIFSTOPPED(status)) {
            /* somebody's SIGSTOP is about the command alone */
            job->stopped = job->terminal >= 0 && WSTOPSIG(status) != SIGSTOP;
        } else if (WIFCONTINUED(status)) {
            job->stopped = false;
        } else {
            job->ended = true;
            job->status = status;
        }
    }
}

void job_signal(const struct job *job, int number)
{
    if (job->group != 0) {
        (void)kill(-job->group, number);
    }
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* The parent of a process, from /proc/PID/stat (proc(5)): the name may hold anything, so the last
 * parenthesis counts. 0: it has gone, or is hidden; -1: it cannot be looked at now. */
static pid_t parent_of(const char *pid)
{
    char path[64];
    char line[512];
    (void)snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return is_shortage(errno) ? -1 : 0;
    }
    ssize_t length = read(fd, line, sizeof line - 1);
    (void)close(fd);
    if (length <= 0) {
        return 0;
    }
    line[length] = '\0';
    const char *behind = strrchr(line, ')');
    bool whole = behind != NULL && strlen(behind) > 4;
    return whole ? (pid_t)strtol(behind + 4, NULL, 10) : 0;
}

/* Sends `number` to children that are ours by adoption, or by birth. Returns whether there are any,
 * or may be: where descriptors are short, nobody can look. */
static bool signal_adopted(const struct job *job, int number)
{
    DIR *processes = opendir("/proc");
    if (processes == NULL) {
        return is_shortage(errno);
    }
    bool found = false;
    struct dirent *entry;
    while ((entry = readdir(processes)) != NULL) {
        bool process = isdigit((unsigned char)entry->d_name[0]);
        pid_t parent = process ? parent_of(entry->d_name) : 0;
        pid_t pid = parent == getpid() ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;
        if (pid != 0 && pid != job->spared) {
            found = true;
            (void)kill(pid, number);
        }
        found = found || parent < 0;
    }
    (void)closedir(processes);
    return found;
}

void job_kill(const struct job *job)
{
    job_signal(job, SIGKILL);
    (void)signal_adopted(job, SIGKILL);
}

bool job_is_gone(const struct job *job)
{
    bool group = job->group != 0 && kill(-job->group, 0) == 0;
    return job->ended && !group && !signal_adopted(job, 0);
}

void job_pause(struct job *job)
{
    take_terminal(job);
    (void)kill(0, SIGTSTP); /* blocked here; SIGCONT takes it back */
    (void)raise(SIGSTOP);
    job_continue(job);
}

void job_continue(struct job *job)
{
    give_terminal(job);
    job_signal(job, SIGCONT);
    job->stopped = false;
}

void job_end(struct job *job)
{
    take_terminal(job);
    if (job->start_fd >= 0) {
        (void)close(job->start_fd);
    }
    job->start_fd = -1;
    job->group = 0;
}

int job_exit_code(const struct job *job)
{
    return WIFSIGNALED(job->status) ? 128 + WTERMSIG(job->status) : WEXITSTATUS(job->status);
}

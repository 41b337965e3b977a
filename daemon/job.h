/*
 * A command in a process group of its own, as a shell runs a job.
 *
 * No shell is involved. The command dies with the process that started it (PR_SET_PDEATHSIG). If
 * that process has the terminal's foreground, the group gets it, and the process takes it back when
 * the group stops or ends. Descendants that leave the group are found too, as long as the starter
 * lives: it adopts them (PR_SET_CHILD_SUBREAPER) when their parent dies.
 *
 * The caller must have SIGTTOU blocked, and give job_reap() each SIGCHLD.
 */
#ifndef LEADERD_DAEMON_JOB_H
#define LEADERD_DAEMON_JOB_H

#include "lib/base/problem.h"

#include <signal.h>
#include <sys/types.h>

struct job {
    pid_t group;  /* and the pid of the command; 0: none is running */
    bool ended;   /* the command has; others of its group may be left */
    bool stopped; /* by the terminal, waiting for SIGCONT */
    int status;   /* of waitpid(2), when it has ended */
    int start_fd; /* closing it without a word keeps the command from starting */
    pid_t spared; /* a child of ours that is none of the job's */
    int terminal; /* -1: none */
    bool has_terminal;
};

/* `spared` is another child of the caller. */
void job_init(struct job *job, pid_t spared);

/* Makes the process, which waits for job_go(). `mask` is what the command shall have blocked. */
bool job_start(struct job *job, char *const *command, char *const *environment,
               const sigset_t *mask, struct problem *problem) must_use;
void job_go(struct job *job);

/* Takes in what became of children. */
void job_reap(struct job *job);

/* Sends `number` to the group. */
void job_signal(const struct job *job, int number);

/* Kills the group and all adopted descendants. */
void job_kill(const struct job *job);

/* Nobody of the group and no adopted descendant is left; then the job is over. */
bool job_is_gone(const struct job *job);

/* The group has stopped: takes the terminal back and stops this process and its group, too, as the
 * terminal would have done. When that is continued, so is the job. */
void job_pause(struct job *job);
/* Lets the group go on, in the foreground if that was given to us. */
void job_continue(struct job *job);

/* Takes the terminal back; job_start() may follow. */
void job_end(struct job *job);

/* What a shell's $? would be. */
int job_exit_code(const struct job *job);

#endif

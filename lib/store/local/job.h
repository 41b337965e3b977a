/*
 * One call on its way through the worker pool, and the line in which calls wait.
 *
 * A job owns copies of all that its request points to, and outlives a call that was given up. The
 * loop owns it, save while its work runs: then the worker has the reply and `meta`.
 */
#ifndef LEADERD_STORE_LOCAL_JOB_H
#define LEADERD_STORE_LOCAL_JOB_H

#include "lib/store/local/record_file.h"
#include "lib/store/store.h"

struct job {
    struct job *next;
    void *owner;             /* the store */
    struct store_call *call; /* NULL: given up, nobody wants the answer; or a probe */
    bool probe;              /* only finds out whether the file can be written again */
    bool begun;
    uv_work_t work; /* .data is the job */
    struct lease_request request;
    char *strings; /* of the request */
    int patience_ms;
    struct text meta;
    struct lease_reply reply;
};

struct job_queue {
    struct job *first, *last;
};

/* Copies the request; without one it is a probe. NULL when memory is short. */
struct job *job_new(const struct lease_request *request, void *owner);
void job_free(struct job *job);

/* On a worker: carries it out. */
void job_run(struct job *job, struct record_file *file);

void job_queue_push(struct job_queue *queue, struct job *job);

/* Takes out the first one, which stays the caller's. */
void job_queue_pop(struct job_queue *queue);

#endif

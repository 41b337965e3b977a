#include "lib/store/local/job.h"

#include <stdlib.h>
#include <string.h>

static char *append(char **at, const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = memcpy(*at, string, size);
    *at += size;
    return copy;
}

static bool copy_request(struct job *job, const struct lease_request *request)
{
    const char *const strings[] = {request->election, request->instance, request->participant,
                                   request->meta, request->version};
    size_t size = 0;
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        size += strlen(strings[i]) + 1;
    }
    job->strings = malloc(size);
    if (job->strings == NULL) {
        return false;
    }
    char *at = job->strings;
    job->request = *request;
    job->request.election = append(&at, request->election);
    job->request.instance = append(&at, request->instance);
    job->request.participant = append(&at, request->participant);
    job->request.meta = append(&at, request->meta);
    job->request.version = append(&at, request->version);
    return true;
}

struct job *job_new(const struct lease_request *request, void *owner)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL || (request != NULL && !copy_request(job, request))) {
        free(job);
        return NULL;
    }
    job->probe = request == NULL;
    job->owner = owner;
    job->work.data = job;
    return job;
}

void job_free(struct job *job)
{
    free(job->strings);
    text_free(&job->meta);
    free(job);
}

void job_run(struct job *job, struct record_file *file)
{
    if (job->probe) {
        record_file_probe(file, job->patience_ms, &job->reply);
    } else {
        record_file_apply(file, &job->request, job->patience_ms, &job->meta, &job->reply);
    }
}

void job_queue_push(struct job_queue *queue, struct job *job)
{
    if (queue->first == NULL) {
        queue->first = job;
    } else {
        queue->last->next = job;
    }
    queue->last = job;
}

void job_queue_pop(struct job_queue *queue)
{
    queue->first = queue->first->next;
}

/*
 * An examination from inside: redis_exam.c goes from server to server; exam_server.c and
 * exam_topology.c know the questions.
 */
#ifndef LEADERD_DIAGNOSTICS_EXAM_INTERNAL_H
#define LEADERD_DIAGNOSTICS_EXAM_INTERNAL_H

#include "lib/diagnostics/redis_exam.h"
#include "lib/store/redis/interview.h"

struct redis_exam;

/* A group of questions: `ask` writes the next one and returns how many commands it is of, 0 when
 * there is none (any more). `hear` takes the answer to each command. */
struct exam_step {
    size_t (*ask)(struct redis_exam *exam, struct text *question);
    void (*hear)(struct redis_exam *exam, const struct resp_value *value, int64_t us);
};

struct redis_exam {
    uv_loop_t *loop;
    struct redis_access access;
    char **elections; /* names */
    char **keys;      /* their keys */
    size_t election_count;
    int64_t expiring_ms, limit_ms, began_us;
    redis_exam_cb *done;
    void *owner;
    struct redis_report *report;
    bool cancelled;

    uv_timer_t turn; /* the next server, out of the callbacks of the last one */
    enum exam_phase { EXAM_SENTINELS = 1, EXAM_TOPOLOGY, EXAM_SERVERS, EXAM_DONE } phase;
    size_t server; /* of the phase */

    /* the server that is being asked */
    struct interview *interview;
    const struct exam_step *steps; /* ends with an empty one */
    size_t step, index;            /* `index` counts the step's answers that were taken */
    struct exam_node *node;        /* NULL for a sentinel */
    bool in_full;                  /* the script is sent with its text */

    char throwaway[REDIS_KEY_PREFIX_MAX + 40];
    char cursor[24];
    char **found; /* keys of one SCAN answer */
    size_t found_count, found_next;
};

extern const struct exam_step exam_server_steps[];
extern const struct exam_step exam_sentinel_steps[];
extern const struct exam_step exam_topology_steps[];

/* Fresh values for a server not yet asked; NULL when the report is full (it is counted then). */
struct exam_node *exam_add_node(struct redis_report *report, const struct redis_endpoint *endpoint,
                                bool primary);

/* What kind of error reply it is, by its first word. */
bool exam_is_error(const struct resp_value *value, const char *word);

/* Writes a server's error for a person. */
void exam_explain(const struct redis_exam *exam, const struct resp_value *value, const char *key,
                  struct problem *problem);

/* Forgets the keys of the last SCAN answer. */
void exam_drop_found(struct redis_exam *exam);

/* Writes a command of words; the list ends with NULL. */
void exam_command(struct text *question, const char *const *words);

#endif

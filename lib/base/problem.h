/*
 * What went wrong, in words for a person.
 *
 * A function that can fail on input, I/O or memory returns false (or NULL) and writes one sentence
 * here: what, where, which value, what would be right. The caller owns the struct; a function that
 * succeeds leaves it alone. Text beyond the size is cut, never overrun.
 */
#ifndef LEADERD_BASE_PROBLEM_H
#define LEADERD_BASE_PROBLEM_H

#include <stdbool.h>

#define must_use __attribute__((warn_unused_result))
#define printf_like(position, first) __attribute__((format(printf, position, first)))

struct problem {
    char text[512];
};

/* Writes the sentence. `problem` may be NULL when the caller does not care. Returns false, so that
 * a failing function can say `return problem_set(problem, "...")`. */
bool problem_set(struct problem *problem, const char *format, ...) printf_like(2, 3);

#endif

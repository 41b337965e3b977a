/*
 * "Did you mean": the known word that is nearest to a misspelt one.
 */
#ifndef LEADERD_CONFIG_SUGGEST_H
#define LEADERD_CONFIG_SUGGEST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) that make one word of the other; words beyond
 * SUGGEST_WORD_MAX bytes are as far as can be. */
enum { SUGGEST_WORD_MAX = 40 };
int edit_distance(const char *one, const char *other);

/* A search: begins with all zeros; offer every candidate, then look at `best` ("": none is near).
 */
struct suggestion {
    char best[SUGGEST_WORD_MAX + 1];
    int distance;
};
void suggestion_offer(struct suggestion *suggestion, const char *word, const char *candidate);

#endif

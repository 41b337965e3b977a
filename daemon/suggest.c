#include "daemon/suggest.h"

#include <stdbool.h>

#include <string.h>

enum { WORD_MAX = 31, DISTANCE_MAX = 2 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Edits (Levenshtein) that turn one word into the other; both at most WORD_MAX long. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t width = strlen(b);
    for (unsigned j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; a[i - 1] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= width; j++) {
            unsigned changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, row[j] + 1, row[j - 1] + 1);
        }
    }
    return row[width];
}

const char *suggest_near(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    unsigned best_distance = DISTANCE_MAX + 1;
    size_t length = strlen(word);
    for (size_t i = 0; i < count && length <= WORD_MAX; i++) {
        if (strlen(names[i]) > WORD_MAX) {
            continue;
        }
        bool begins = length > 2 && strncmp(word, names[i], length) == 0;
        unsigned edits = begins ? 0 : distance(word, names[i]);
        if (edits < best_distance) {
            best_distance = edits;
            best = names[i];
        }
    }
    return best;
}

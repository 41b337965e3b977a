#include "config/suggest.h"

#include <limits.h>
#include <string.h>

static int least(int one, int other)
{
    return one < other ? one : other;
}

/* Optimal string alignment, with the three rows that it needs. */
int edit_distance(const char *one, const char *other)
{
    size_t length = strlen(one);
    size_t width = strlen(other);
    if (length > SUGGEST_WORD_MAX || width > SUGGEST_WORD_MAX) {
        return INT_MAX;
    }
    int rows[3][SUGGEST_WORD_MAX + 1];
    for (size_t j = 0; j <= width; j++) {
        rows[0][j] = (int)j;
    }
    for (size_t i = 1; i <= length; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i + 2) % 3];
        const int *before = rows[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= width; j++) {
            int replace = above[j - 1] + (one[i - 1] != other[j - 1]);
            row[j] = least(replace, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
    }
    return rows[length % 3][width];
}

void suggestion_offer(struct suggestion *suggestion, const char *word, const char *candidate)
{
    int limit = strlen(candidate) < 6 ? 1 : least(3, (int)strlen(candidate) / 3);
    int distance = edit_distance(word, candidate);
    if (distance <= limit && (suggestion->best[0] == '\0' || distance < suggestion->distance)) {
        strcpy(suggestion->best, candidate);
        suggestion->distance = distance;
    }
}

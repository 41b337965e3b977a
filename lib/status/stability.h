/*
 * How often an election changed its leader lately.
 *
 * A plain value; an empty one is all zeros. The last STABILITY_KEPT changes are kept, so a count
 * ends there: more changes than that in an hour are still shown as STABILITY_KEPT.
 */
#ifndef LEADERD_STATUS_STABILITY_H
#define LEADERD_STATUS_STABILITY_H

#include <stdbool.h>
#include <stdint.h>

enum { STABILITY_KEPT = 100 };

struct stability {
    int64_t at_boottime_ms[STABILITY_KEPT]; /* a ring */
    unsigned next, count;
    int64_t last_change_at_ms; /* wall time, for people; 0: none was seen */
};

struct stability_view {
    int64_t changes_10m, changes_1h;
    bool is_stable;            /* fewer than max_changes_10m in ten minutes */
    int64_t last_change_at_ms; /* wall time, 0: none was seen */
};

/* A change of leader was seen. Instants never decrease. */
void stability_change(struct stability *stability, int64_t boottime_ms, int64_t wall_ms);

void stability_look(const struct stability *stability, int64_t now_boottime_ms,
                    int64_t max_changes_10m, struct stability_view *view);

/* Time until is_stable turns true by itself; -1 when it is true already. */
int64_t stability_settles_in_ms(const struct stability *stability, int64_t now_boottime_ms,
                                int64_t max_changes_10m);

#endif

#include "lib/status/stability.h"

static const int64_t ten_minutes_ms = INT64_C(600000);
static const int64_t hour_ms = INT64_C(3600000);

void stability_change(struct stability *stability, int64_t boottime_ms, int64_t wall_ms)
{
    stability->at_boottime_ms[stability->next] = boottime_ms;
    stability->next = (stability->next + 1) % STABILITY_KEPT;
    if (stability->count < STABILITY_KEPT) {
        stability->count++;
    }
    stability->last_change_at_ms = wall_ms;
}

/* The change that is `back` changes old: 0 is the latest. */
static int64_t change_at(const struct stability *stability, unsigned back)
{
    return stability
        ->at_boottime_ms[(stability->next + STABILITY_KEPT - 1 - back) % STABILITY_KEPT];
}

static int64_t count_since(const struct stability *stability, int64_t after_boottime_ms)
{
    unsigned count = 0;
    while (count < stability->count && change_at(stability, count) > after_boottime_ms) {
        count++;
    }
    return count;
}

void stability_look(const struct stability *stability, int64_t now_boottime_ms,
                    int64_t max_changes_10m, struct stability_view *view)
{
    view->changes_10m = count_since(stability, now_boottime_ms - ten_minutes_ms);
    view->changes_1h = count_since(stability, now_boottime_ms - hour_ms);
    view->is_stable = view->changes_10m < max_changes_10m;
    view->last_change_at_ms = stability->last_change_at_ms;
}

int64_t stability_settles_in_ms(const struct stability *stability, int64_t now_boottime_ms,
                                int64_t max_changes_10m)
{
    int64_t changes = count_since(stability, now_boottime_ms - ten_minutes_ms);
    if (changes < max_changes_10m || max_changes_10m < 1) {
        return -1;
    }
    /* It is over when the oldest of the last max_changes_10m leaves the ten minutes. */
    int64_t oldest = change_at(stability, (unsigned)(max_changes_10m - 1));
    return oldest + ten_minutes_ms - now_boottime_ms;
}

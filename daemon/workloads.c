#include "daemon/workloads.h"

#include <stdio.h>
#include <string.h>

bool workload_name_is_good(const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789._:-";
    size_t length = strlen(name);
    return length > 0 && length < WORKLOAD_NAME_SIZE && strspn(name, plain) == length;
}

static struct workload *find(struct workloads *workloads, const char *name)
{
    for (size_t i = 0; i < workloads->count; i++) {
        if (strcmp(workloads->items[i].name, name) == 0) {
            return &workloads->items[i];
        }
    }
    return NULL;
}

static void drop(struct workloads *workloads, struct workload *workload)
{
    *workload = workloads->items[--workloads->count];
}

bool workloads_has_room(struct workloads *workloads, const char *name, int64_t now_boottime_ms)
{
    for (size_t i = workloads->count; i > 0; i--) {
        if (workloads->items[i - 1].until_boottime_ms <= now_boottime_ms) {
            drop(workloads, &workloads->items[i - 1]);
        }
    }
    return workloads->count < WORKLOADS_MAX || find(workloads, name) != NULL;
}

void workloads_tell(struct workloads *workloads, const char *name, int64_t until_boottime_ms,
                    bool may_begin)
{
    struct workload *workload = find(workloads, name);
    if (workload == NULL && may_begin && workloads->count < WORKLOADS_MAX) {
        workload = &workloads->items[workloads->count++];
        *workload = (struct workload){0};
        (void)snprintf(workload->name, sizeof workload->name, "%s", name);
    }
    if (workload != NULL && until_boottime_ms > workload->until_boottime_ms) {
        workload->until_boottime_ms = until_boottime_ms;
    }
}

void workloads_end(struct workloads *workloads, const char *name)
{
    struct workload *workload = find(workloads, name);
    if (workload != NULL) {
        drop(workloads, workload);
    }
}

int64_t workloads_until_ms(const struct workloads *workloads)
{
    int64_t until_ms = 0;
    for (size_t i = 0; i < workloads->count; i++) {
        int64_t one_ms = workloads->items[i].until_boottime_ms;
        until_ms = one_ms > until_ms ? one_ms : until_ms;
    }
    return until_ms;
}

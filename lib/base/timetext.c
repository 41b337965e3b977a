#include "lib/base/timetext.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

enum { UNITS = sizeof units / sizeof units[0] };

static int64_t unit_ms(const char *name, bool bare_seconds)
{
    if (name[0] == '\0') {
        return bare_seconds ? 1000 : 0;
    }
    for (int i = 0; i < UNITS; i++) {
        if (strcmp(name, units[i].name) == 0) {
            return units[i].ms;
        }
    }
    return 0;
}

bool duration_parse(const char *text, bool bare_seconds, int64_t *ms)
{
    int64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (*at - '0');
        if (number > DURATION_MAX_MS) {
            return false;
        }
    }
    int64_t unit = unit_ms(at, bare_seconds);
    if (at == text || unit == 0 || number > DURATION_MAX_MS / unit) {
        return false;
    }
    *ms = number * unit;
    return true;
}

void duration_format(int64_t ms, char out[DURATION_TEXT_MAX])
{
    int unit = 0;
    while (unit < UNITS - 1 && ms % units[unit].ms != 0) {
        unit++;
    }
    if (ms == 0) {
        unit = 2;
    }
    (void)snprintf(out, DURATION_TEXT_MAX, "%" PRId64 "%s", ms / units[unit].ms, units[unit].name);
}

void duration_describe(int64_t ms, char out[DURATION_TEXT_MAX])
{
    int64_t seconds = ms / 1000;
    if (ms < 1000) {
        (void)snprintf(out, DURATION_TEXT_MAX, "%" PRId64 "ms", ms < 0 ? 0 : ms);
    } else if (seconds < 60) {
        (void)snprintf(out, DURATION_TEXT_MAX, "%" PRId64 ".%" PRId64 "s", seconds,
                       ms % 1000 / 100);
    } else if (seconds < 3600) {
        (void)snprintf(out, DURATION_TEXT_MAX, "%" PRId64 "m %" PRId64 "s", seconds / 60,
                       seconds % 60);
    } else {
        (void)snprintf(out, DURATION_TEXT_MAX, "%" PRId64 "h %" PRId64 "m %" PRId64 "s",
                       seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
}

void rfc3339_format(int64_t wall_ms, char out[RFC3339_TEXT_MAX])
{
    int64_t ms = wall_ms % 1000;
    time_t seconds = (time_t)(wall_ms / 1000);
    if (ms < 0) {
        ms += 1000;
        seconds -= 1;
    }
    struct tm parts = {0};
    (void)gmtime_r(&seconds, &parts);
    char date[24];
    if (strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        date[0] = '\0';
    }
    (void)snprintf(out, RFC3339_TEXT_MAX, "%s.%03dZ", date, (int)ms);
}

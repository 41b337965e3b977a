#include "lib/base/timetext.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* Year, month and day of a day since 1970, in the Gregorian calendar (Hinnant, "chrono-compatible
 * low-level date algorithms"). The C library's way takes a lock. */
static void civil_date(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static char *put_digits(char *out, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return out + digits;
}

void rfc3339_format(int64_t wall_ms, char out[RFC3339_TEXT_MAX])
{
    const int64_t day_ms = INT64_C(86400000);
    const int64_t last_ms = INT64_C(253402300799999); /* of the year 9999 */
    int year, month, day;
    wall_ms = wall_ms < -INT64_C(62167219200000) ? -INT64_C(62167219200000)
              : wall_ms > last_ms                ? last_ms
                                                 : wall_ms;
    int64_t days = (wall_ms >= 0 ? wall_ms : wall_ms - (day_ms - 1)) / day_ms;
    int rest = (int)(wall_ms - days * day_ms);
    civil_date(days, &year, &month, &day);
    const int parts[] = {year, month, day, rest / 3600000, rest / 60000 % 60, rest / 1000 % 60};
    static const char after[] = "--T::.";
    for (int i = 0; i < 6; i++) {
        out = put_digits(out, parts[i], i == 0 ? 4 : 2);
        *out++ = after[i];
    }
    out = put_digits(out, rest % 1000, 3);
    *out++ = 'Z';
    *out = '\0';
}

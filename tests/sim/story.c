/* The last lines of what happened, kept as text so that a violation can be read. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <string.h>

enum { LINES = 90, LINE_SIZE = 160 };

static char lines[LINES][LINE_SIZE];
static unsigned count;
static uint64_t hash;
static bool told_aloud;

void story_begin(bool aloud)
{
    count = 0;
    hash = 0xcbf29ce484222325u;
    told_aloud = aloud;
}

uint64_t story_hash(void)
{
    return hash;
}

static void keep(const char *line)
{
    for (const char *at = line; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
    }
    if (told_aloud) {
        (void)puts(line);
    }
}

void story(const struct sim *sim, int host, const char *format, ...)
{
    char *line = lines[count++ % LINES];
    int length = snprintf(line, LINE_SIZE, "%12.6f s  ", (double)sim->now_us / 1e6);
    if (host >= 0) {
        struct moment local = sim_clock_now(&sim->hosts[host].clock, sim->now_us);
        length += snprintf(line + length, LINE_SIZE - (size_t)length, "host %d (%lld ms)  ", host,
                           (long long)local.boot_ms);
    } else {
        length += snprintf(line + length, LINE_SIZE - (size_t)length, "world            ");
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line + length, LINE_SIZE - (size_t)length, format, arguments);
    va_end(arguments);
    keep(line);
}

void story_print(FILE *stream)
{
    unsigned first = count > LINES ? count - LINES : 0;
    for (unsigned i = first; i < count; i++) {
        (void)fprintf(stream, "%s\n", lines[i % LINES]);
    }
}

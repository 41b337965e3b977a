#include "daemon/log.h"

#include "lib/base/moment.h"
#include "lib/base/timetext.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SPARE_MAX = 4 * LOG_LINE_MAX };

static struct {
    enum log_level level;
    enum log_format format;
    uint64_t counts[LOG_LEVELS + 1];
    struct text spare; /* room for a line, so that the log has a word even when memory is short */
} sink = {.level = LOG_LEVEL_INFO, .format = LOG_FORMAT_LOGFMT};

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

/* syslog priorities: debug, info, warning, err */
static const char *const level_priorities[] = {
    [LOG_LEVEL_DEBUG] = "<7>",
    [LOG_LEVEL_INFO] = "<6>",
    [LOG_LEVEL_WARN] = "<4>",
    [LOG_LEVEL_ERROR] = "<3>",
};

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

uint64_t log_count(enum log_level level)
{
    return sink.counts[level];
}

/* systemd sets JOURNAL_STREAM to the device and inode of the journal's socket. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char identity[64];
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0) {
        return false;
    }
    (void)snprintf(identity, sizeof identity, "%ju:%ju", (uintmax_t)status.st_dev,
                   (uintmax_t)status.st_ino);
    return strcmp(stream, identity) == 0;
}

void log_open(enum log_level level, enum log_format format)
{
    if (format == LOG_FORMAT_AUTO) {
        format = stderr_is_journal()     ? LOG_FORMAT_JOURNAL
                 : isatty(STDERR_FILENO) ? LOG_FORMAT_TEXT
                                         : LOG_FORMAT_LOGFMT;
    }
    sink.level = level;
    sink.format = format;
    if (sink.spare.bytes == NULL) {
        char line[LOG_LINE_MAX] = {0};
        text_add_bytes(&sink.spare, line, sizeof line);
        text_clear(&sink.spare);
    }
}

static bool is_plain(const char *value)
{
    return value[0] != '\0' && value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
                                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                   "0123456789._:/@+-")] == '\0';
}

static void add_value(struct text *text, const char *value)
{
    if (is_plain(value)) {
        text_add(text, value);
    } else {
        text_add_json(text, value);
    }
}

static void begin_text(struct log_line *line, const char *message)
{
    char clock[16] = "";
    int64_t now_us = wall_us();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm parts = {0};
    (void)localtime_r(&seconds, &parts);
    (void)strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    text_addf(&line->text, "%s.%03d %-5s ", clock, (int)(now_us / 1000 % 1000),
              level_names[line->level]);
    for (; *message != '\0'; message++) {
        text_add_bytes(&line->text, (unsigned char)*message < 0x20 ? " " : message, 1);
    }
}

static void begin_logfmt(struct log_line *line, const char *message)
{
    if (sink.format == LOG_FORMAT_JOURNAL) {
        text_add(&line->text, level_priorities[line->level]);
    } else {
        char now[RFC3339_TEXT_MAX];
        rfc3339_format(wall_us() / 1000, now);
        text_addf(&line->text, "ts=%s ", now);
    }
    text_addf(&line->text, "level=%s msg=", level_names[line->level]);
    text_add_json(&line->text, message);
}

static void begin_json(struct log_line *line, const char *message)
{
    char now[RFC3339_TEXT_MAX];
    rfc3339_format(wall_us() / 1000, now);
    text_addf(&line->text, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":", now,
              level_names[line->level]);
    text_add_json(&line->text, message);
}

void log_begin(struct log_line *line, enum log_level level, const char *message)
{
    *line = (struct log_line){.level = level, .wanted = level >= sink.level};
    sink.counts[level]++;
    if (!line->wanted) {
        return;
    }
    line->text = sink.spare;
    sink.spare = (struct text){0};
    switch (sink.format) {
    case LOG_FORMAT_TEXT:
        begin_text(line, message);
        return;
    case LOG_FORMAT_JSON:
        begin_json(line, message);
        return;
    case LOG_FORMAT_AUTO:
    case LOG_FORMAT_LOGFMT:
    case LOG_FORMAT_JOURNAL:
        begin_logfmt(line, message);
        return;
    }
}

void log_text(struct log_line *line, const char *key, const char *value)
{
    if (!line->wanted || value == NULL) {
        return;
    }
    if (sink.format == LOG_FORMAT_JSON) {
        text_addf(&line->text, ",\"%s\":", key);
        text_add_json(&line->text, value);
    } else {
        text_addf(&line->text, " %s=", key);
        add_value(&line->text, value);
    }
}

void log_number(struct log_line *line, const char *key, int64_t number)
{
    if (line->wanted) {
        text_addf(&line->text, sink.format == LOG_FORMAT_JSON ? ",\"%s\":" : " %s=", key);
        text_add_integer(&line->text, number);
    }
}

/* A line that found no memory to grow is cut, too. */
static void write_line(struct text *text)
{
    size_t length = text->length;
    if (length > LOG_LINE_MAX || text->failed) {
        length = length > LOG_LINE_MAX ? LOG_LINE_MAX : length;
        text->bytes[length - 1] = '\n';
    }
    /* A log that cannot be written must not stop an election. */
    while (write(STDERR_FILENO, text->bytes, length) < 0 && errno == EINTR) {
    }
}

void log_end(struct log_line *line)
{
    if (line->wanted) {
        text_add(&line->text, sink.format == LOG_FORMAT_JSON ? "}\n" : "\n");
    }
    if (line->wanted && line->text.length > 0) {
        write_line(&line->text);
    }
    if (line->wanted && sink.spare.bytes == NULL && line->text.capacity <= SPARE_MAX) {
        sink.spare = line->text;
        text_clear(&sink.spare);
    } else {
        text_free(&line->text);
    }
}

void log_message(enum log_level level, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct log_line line;
    log_begin(&line, level, message);
    log_end(&line);
}

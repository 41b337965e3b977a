/*
 * Structured log lines on stderr: one line for a transition or a change of health, never one for a
 * renewal.
 *
 * A line has a level, a message and fields. Formats: `text` for a terminal, `logfmt`, `json`, and
 * `journal` (logfmt behind a syslog priority, sd-daemon(3)). `auto` takes journal when stderr is
 * the journal's, text on a terminal, else logfmt. Lines are cut at LOG_LINE_MAX bytes. Values are
 * escaped, so that nothing read from a store can forge a line.
 */
#ifndef LEADERD_DAEMON_LOG_H
#define LEADERD_DAEMON_LOG_H

#include "lib/base/problem.h"
#include "lib/base/text.h"

#include <stdint.h>

enum { LOG_LINE_MAX = 8192 };

enum log_level { LOG_LEVEL_DEBUG = 1, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

enum { LOG_LEVELS = 4 };

enum log_format {
    LOG_FORMAT_AUTO = 1,
    LOG_FORMAT_TEXT,
    LOG_FORMAT_LOGFMT,
    LOG_FORMAT_JSON,
    LOG_FORMAT_JOURNAL,
};

void log_open(enum log_level level, enum log_format format);

/* Writes one line at once: for messages without fields. */
void log_message(enum log_level level, const char *format, ...) printf_like(2, 3);

/* A line in the making, on the caller's stack. Nothing is written below the level. */
struct log_line {
    enum log_level level;
    bool wanted;
    struct text text;
};

void log_begin(struct log_line *line, enum log_level level, const char *message);
void log_text(struct log_line *line, const char *key, const char *value); /* NULL: left out */
void log_number(struct log_line *line, const char *key, int64_t number);
void log_end(struct log_line *line);

/* Lines of each level since the start, also those below the level that is written. */
uint64_t log_count(enum log_level level);
const char *log_level_name(enum log_level level);

#endif

#include "daemon/http_answer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void http_answer_init(struct http_answer *answer)
{
    *answer = (struct http_answer){.stage = HTTP_ANSWER_HEAD};
}

void http_answer_free(struct http_answer *answer)
{
    text_free(&answer->body);
    text_free(&answer->raw);
    http_answer_init(answer);
}

/* Forgets the first `length` bytes of what is not yet understood. */
static void drop(struct text *raw, size_t length)
{
    raw->length -= length;
    memmove(raw->bytes, raw->bytes + length, raw->length + 1);
}

static void give_up(struct http_answer *answer)
{
    answer->stage = HTTP_ANSWER_BROKEN;
}

/* Reads digits to a size of at most HTTP_ANSWER_BODY_MAX; false for anything else. */
static bool read_size(const char *digits, size_t length, unsigned base, size_t *size)
{
    static const char known[] = "0123456789abcdef";
    *size = 0;
    for (size_t i = 0; i < length; i++) {
        const char *digit = memchr(known, tolower((unsigned char)digits[i]), base);
        if (digit == NULL) {
            return false;
        }
        *size = *size * base + (size_t)(digit - known);
        if (*size > HTTP_ANSWER_BODY_MAX) {
            return false;
        }
    }
    return length > 0;
}

/* One header line without its end. */
static bool read_header(struct http_answer *answer, const char *line, size_t length)
{
    static const char sized[] = "Content-Length:";
    static const char coded[] = "Transfer-Encoding:";
    const char *value = memchr(line, ':', length);
    if (value == NULL) {
        return false;
    }
    value++;
    const char *end = line + length;
    value += strspn(value, " \t");
    while (end > value && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        end--;
    }
    size_t value_length = end > value ? (size_t)(end - value) : 0;
    if (strncasecmp(line, coded, sizeof coded - 1) == 0) {
        answer->framing = HTTP_BODY_CHUNKED;
        return value_length == 7 && strncasecmp(value, "chunked", 7) == 0;
    }
    if (strncasecmp(line, sized, sizeof sized - 1) == 0) {
        if (answer->framing == HTTP_BODY_TO_END) {
            answer->framing = HTTP_BODY_SIZED;
        }
        return read_size(value, value_length, 10, &answer->left);
    }
    return true;
}

/* The status line, `HTTP/1.1 200 OK`. */
static bool read_status(struct http_answer *answer, const char *line)
{
    if (strncmp(line, "HTTP/1.", 7) != 0 || line[7] < '0' || line[7] > '9' || line[8] != ' ') {
        return false;
    }
    size_t status = 0;
    if (!read_size(line + 9, 3, 10, &status) || status < 100 || status > 599) {
        return false;
    }
    answer->status = (int)status;
    return true;
}

static bool read_lines(struct http_answer *answer, const char *end)
{
    answer->framing = HTTP_BODY_TO_END;
    if (end - answer->raw.bytes < 12 || !read_status(answer, answer->raw.bytes)) {
        return false;
    }
    const char *line = strchr(answer->raw.bytes, '\n') + 1;
    while (line < end) {
        const char *line_end = strchr(line, '\n');
        if (!read_header(answer, line, (size_t)(line_end - line))) {
            return false;
        }
        line = line_end + 1;
    }
    return true;
}

/* True when it got on. */
static bool read_head(struct http_answer *answer)
{
    struct text *raw = &answer->raw;
    if (raw->length == 0) {
        return false;
    }
    char *end = strstr(raw->bytes, "\r\n\r\n");
    if (end == NULL) {
        if (raw->length > HTTP_ANSWER_HEAD_MAX || memchr(raw->bytes, '\0', raw->length) != NULL) {
            give_up(answer);
        }
        return false;
    }
    answer->left = 0;
    if (!read_lines(answer, end + 2)) {
        give_up(answer);
        return false;
    }
    drop(raw, (size_t)(end + 4 - raw->bytes));
    if (answer->status >= 200) {
        bool empty = answer->status == 204 || answer->status == 304;
        answer->stage = empty ? HTTP_ANSWER_DONE : HTTP_ANSWER_BODY;
    }
    return true;
}

/* Moves at most `length` bytes to the body. */
static void take(struct http_answer *answer, size_t length)
{
    length = length < answer->raw.length ? length : answer->raw.length;
    if (answer->body.length + length > HTTP_ANSWER_BODY_MAX) {
        give_up(answer);
        return;
    }
    if (length > 0) {
        text_add_bytes(&answer->body, answer->raw.bytes, length);
        drop(&answer->raw, length);
    }
    if (answer->framing != HTTP_BODY_TO_END) {
        answer->left -= length;
    }
}

/* A chunk's head, its data, or its end. True when it got on. */
static bool read_chunk(struct http_answer *answer)
{
    if (answer->in_chunk && answer->left > 0) {
        take(answer, answer->left);
        return answer->left == 0;
    }
    char *end = answer->raw.length == 0 ? NULL : strstr(answer->raw.bytes, "\r\n");
    if (end == NULL) {
        if (answer->raw.length > HTTP_ANSWER_HEAD_MAX) {
            give_up(answer);
        }
        return false;
    }
    size_t length = (size_t)(end - answer->raw.bytes);
    if (answer->in_chunk) {
        answer->in_chunk = false;
        if (length != 0) {
            give_up(answer);
        }
    } else if (!read_size(answer->raw.bytes, strcspn(answer->raw.bytes, ";\r"), 16,
                          &answer->left)) {
        give_up(answer);
    } else if (answer->left == 0) {
        answer->stage = HTTP_ANSWER_DONE;
    } else {
        answer->in_chunk = true;
    }
    drop(&answer->raw, length + 2);
    return answer->stage == HTTP_ANSWER_BODY;
}

/* True when it got on. */
static bool read_body(struct http_answer *answer)
{
    switch (answer->framing) {
    case HTTP_BODY_CHUNKED:
        return read_chunk(answer);
    case HTTP_BODY_SIZED:
        take(answer, answer->left);
        if (answer->left == 0) {
            answer->stage = HTTP_ANSWER_DONE;
        }
        return false;
    case HTTP_BODY_TO_END:
        take(answer, answer->raw.length);
        return false;
    }
    return false;
}

enum http_answer_stage http_answer_feed(struct http_answer *answer, const char *bytes,
                                        size_t length)
{
    text_add_bytes(&answer->raw, bytes, length);
    bool got_on = true;
    while (got_on && !answer->raw.failed) {
        switch (answer->stage) {
        case HTTP_ANSWER_HEAD:
            got_on = read_head(answer);
            break;
        case HTTP_ANSWER_BODY:
            got_on = read_body(answer);
            break;
        case HTTP_ANSWER_DONE:
        case HTTP_ANSWER_BROKEN:
            got_on = false;
            break;
        }
    }
    if (answer->raw.failed || answer->body.failed) {
        give_up(answer);
    }
    return answer->stage;
}

enum http_answer_stage http_answer_end(struct http_answer *answer)
{
    if (answer->stage == HTTP_ANSWER_BODY && answer->framing == HTTP_BODY_TO_END) {
        answer->stage = HTTP_ANSWER_DONE;
    } else if (answer->stage != HTTP_ANSWER_DONE) {
        give_up(answer);
    }
    return answer->stage;
}

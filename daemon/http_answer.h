/*
 * An HTTP/1.1 answer, taken in as it comes from the wire.
 *
 * Understands Content-Length, chunked, and bodies that end with the connection; 1xx answers are
 * skipped. Maxima: HTTP_ANSWER_HEAD_MAX bytes of status line and headers, HTTP_ANSWER_BODY_MAX of
 * body; more is broken, as is anything that is not HTTP/1.x.
 */
#ifndef LEADERD_DAEMON_HTTP_ANSWER_H
#define LEADERD_DAEMON_HTTP_ANSWER_H

#include "lib/base/text.h"

#define HTTP_ANSWER_HEAD_MAX ((size_t)64 * 1024)
#define HTTP_ANSWER_BODY_MAX ((size_t)64 * 1024 * 1024)

enum http_answer_stage {
    HTTP_ANSWER_HEAD = 1,
    HTTP_ANSWER_BODY,
    HTTP_ANSWER_DONE,
    HTTP_ANSWER_BROKEN, /* malformed, too long, cut short, or memory ran out */
};

struct http_answer {
    enum http_answer_stage stage;
    int status;
    struct text body;
    /* private */
    struct text raw; /* what is not yet understood */
    enum http_answer_framing {
        HTTP_BODY_SIZED = 1,
        HTTP_BODY_CHUNKED,
        HTTP_BODY_TO_END,
    } framing;
    size_t left; /* of the sized body, or of the chunk */
    bool in_chunk;
};

void http_answer_init(struct http_answer *answer);
void http_answer_free(struct http_answer *answer);

/* Takes bytes in. Returns the stage after it. */
enum http_answer_stage http_answer_feed(struct http_answer *answer, const char *bytes,
                                        size_t length);

/* The connection has ended. */
enum http_answer_stage http_answer_end(struct http_answer *answer);

#endif

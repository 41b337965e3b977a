/*
 * HTTP/1.1 on libmicrohttpd, inside the libuv loop. Knows routes, not what they are about.
 *
 * The server keeps the rules that hold for every path (HTTP contract, "General" and "Limits"):
 * roles, Host and Origin, bearer token, methods, query parameters, formats, sizes, problem+json.
 * A handler sees only calls that kept them.
 *
 * Everything runs on the loop. A handler must answer or park its call before it returns. A parked
 * call belongs to whoever parked it until it is answered, or `gone` says that the client hung up.
 *
 * Maxima: http_options; a request line of 2 KiB, 64 headers of 8 KiB in all, a body of 4 KiB.
 */
#ifndef LEADERD_HTTP_HTTP_H
#define LEADERD_HTTP_HTTP_H

#include "lib/base/problem.h"
#include "lib/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Each role includes those before it. */
enum http_role { HTTP_PROBE = 1, HTTP_READ, HTTP_CONTROL };

/* Bits, so that a route can name several. */
enum http_method { HTTP_GET = 1, HTTP_POST = 2 };
enum http_format {
    HTTP_JSON = 1,
    HTTP_TEXT = 2,
    HTTP_HTML = 4,
    HTTP_METRICS = 8,
    HTTP_OPENMETRICS = 16,
    HTTP_EVENTS = 32 /* text/event-stream */
};

struct http_server;
struct http_call;

typedef void http_handler(void *owner, struct http_call *call);

struct http_route {
    const char *path; /* "/elections/{name}/pause": one part may be in braces */
    unsigned methods; /* GET includes HEAD */
    enum http_role role;
    bool check;       /* OPTIONS answers what GET does */
    unsigned formats; /* what it can answer; the first of JSON, TEXT, … is what it answers to any */
    const char *const *queries; /* names it understands; ends in NULL; may be NULL. Whatever has a
                                   text form understands `format` too. */
    http_handler *handler;
};

struct http_listener {
    const char *address; /* as people write it, for messages */
    const char *path;    /* of a unix socket; NULL for TCP */
    unsigned mode;       /* of a unix socket */
    const char *host;    /* TCP: a literal address */
    int port;            /* TCP; 0: any free one */
    enum http_role role;
    bool loopback; /* TCP: reachable from this host only */
    bool insecure; /* TCP: read paths need no token */
    int fd; /* a listening socket that somebody else has opened; 0: none, it is opened here */
};

/* All is copied, save `routes`, which must outlive the server. */
struct http_options {
    const struct http_listener *listeners;
    size_t listener_count;
    const struct http_route *routes;
    size_t route_count;
    char *const *allowed_hosts; /* exact, or "*.suffix" */
    size_t allowed_host_count;
    const char *token; /* NULL: no bearer token is accepted */
    int64_t max_connections, max_watchers;
    void *owner; /* handed to the handlers */
    /* Adds the headers that every answer carries. May be NULL. */
    void (*decorate)(void *owner, struct http_call *call);
};

/* Opens all listeners. NULL with a problem that names the address. */
struct http_server *http_server_new(uv_loop_t *loop, const struct http_options *options,
                                    struct problem *problem);

/* Port of a TCP listener. */
int http_server_port(const struct http_server *server, size_t listener);

/* Ends in order: no new connections, calls under way are answered (parked ones with 503
 * shutting_down), then all is closed and freed, and `stopped` is called. Takes two seconds at most.
 */
void http_server_stop(struct http_server *server, void (*stopped)(void *owner), void *owner);

/* Replaces what a reload may change. False when memory ran out: then nothing changed. */
bool http_server_set_token(struct http_server *server, const char *token) must_use;

/* The call. Strings live as long as the call does. */

/* The part of the path that the route has in braces, decoded. */
const char *http_call_name(const struct http_call *call);
/* A query parameter, decoded; NULL when it is not given. */
const char *http_call_query(const struct http_call *call, const char *name);
const char *http_call_body(const struct http_call *call, size_t *length);
/* What the client wants, of what the route can answer. */
enum http_format http_call_format(const struct http_call *call);

/* Adds a header to the answer; both are copied. Beyond 12 it does nothing. */
void http_call_header(struct http_call *call, const char *name, const char *value);
/* The connection ends with this answer. */
void http_call_close_after(struct http_call *call);

/* Answers, and takes the bytes of `body` away. A failed body becomes a 429. */
void http_call_answer(struct http_call *call, int status, const char *content_type,
                      struct text *body);

/* Answers application/problem+json (RFC 9457), or text where the client wants text. `code` is one
 * of the contract's; it decides the status. */
void http_call_problem(struct http_call *call, const char *code, const char *detail);

/* Keeps the call for later. A watcher's connection counts against max_watchers, and not against
 * max_connections, until it asks another route: beyond it the call is answered with 429 and false
 * is returned. `gone` is called at most once, and never after the answer. */
bool http_call_park(struct http_call *call, bool watcher, void (*gone)(void *data),
                    void *data) must_use;

/* The connection is a watcher's from now on, if there is room for one more: what is answered at
 * once will wait the next time. */
void http_call_will_watch(struct http_call *call);

/* An answer without an end: 200, and a body that grows. */
struct http_stream {
    /* Adds what there is to say; false: this is the end. Called when all that was said before has
     * gone out, so that a slow reader gets the latest only; never from inside http_stream_wake().
     */
    bool (*fill)(void *data, struct text *text);
    /* The call is over; called once, in any case. */
    void (*gone)(void *data);
};

/* Begins to stream instead of answering. Counts as a watcher: beyond max_watchers the call is
 * answered with 429 and false is returned, and nothing of `stream` is called. A client that does
 * not read is dropped after ten seconds. */
bool http_call_stream(struct http_call *call, const char *content_type,
                      const struct http_stream *stream, void *data) must_use;

/* There is something to say. */
void http_stream_wake(struct http_call *call);

/* A header of the request; NULL when it is not given. */
const char *http_call_asked(const struct http_call *call, const char *name);

/* Numbers. */

struct http_request_count {
    const char *handler; /* the route's path; "other" for what matched none */
    int status;
    uint64_t count;
};

/* Fills in request count number `index`; false when there are no more. */
bool http_server_request_count(const struct http_server *server, size_t index,
                               struct http_request_count *count);

/* Called for each answered call that was not parked, with its duration. */
void http_server_on_duration(struct http_server *server,
                             void (*measure)(void *owner, double seconds), void *owner);

struct http_numbers {
    int64_t connections; /* without those of watchers */
    int64_t connections_max;
    int64_t watchers;
};

void http_server_numbers(const struct http_server *server, struct http_numbers *numbers);

/* Refusals by reason; NULL beyond the last. The reasons are there from the start. */
const char *http_server_rejected(const struct http_server *server, size_t index, uint64_t *count);

#endif

/*
 * What the files of lib/http share. Nobody else includes this.
 */
#ifndef LEADERD_HTTP_INTERNAL_H
#define LEADERD_HTTP_INTERNAL_H

#include "lib/http/codes.h"
#include "lib/http/http.h"
#include "lib/http/rules.h"

#include <microhttpd.h>

enum {
    HTTP_LINE_MAX = 2048,
    HTTP_HEADERS_MAX = 64,
    HTTP_HEADER_BYTES_MAX = 8192,
    HTTP_BODY_MAX = 4096,
    HTTP_QUERIES_MAX = 16,
    HTTP_ANSWER_HEADERS_MAX = 12,
    HTTP_RESERVED = 16, /* connections kept for probes and control */
    HTTP_CODES_MAX = 48,
    HTTP_COUNTS_MAX = 512,
    HTTP_CONNECTION_MEMORY = 12 * 1024, /* holds the largest request that is allowed */
};

struct http_door; /* a listening socket */

/* A connection, from its acceptance to its end. */
struct http_link {
    struct http_link *next, *previous;
    const struct http_door *door;
    int fd;
    bool busy;       /* a request was read whole and is not answered yet */
    size_t line;     /* bytes of the path and query of the request, as they were sent */
    bool has_nul;    /* "%00" is among them */
    bool understood; /* a request has begun with what looks like a request line */
    const struct http_route *watched; /* it is a watcher's, by this route; NULL: it is not */
    bool leaving;                     /* its watcher hung up: it is about to be closed */
    uint64_t since;                   /* uv_now() when it was accepted or last answered */
    uint64_t received;                /* bytes of the socket at that time */
    uint64_t first_byte;              /* uv_now() when more than that was first seen; 0 */
};

struct http_pair {
    const char *name, *value;
};

/* Where a call is between its first byte and its last. */
enum http_stage {
    HTTP_STAGE_READING = 1,
    HTTP_STAGE_HANDLING,
    HTTP_STAGE_PARKED,   /* suspended, waits for its owner */
    HTTP_STAGE_RESUMING, /* answered, waits for its turn to be resumed */
    HTTP_STAGE_ANSWERED,
};

struct http_call {
    struct http_call *next, *previous; /* of all calls, or of those that resume */
    struct http_server *server;
    struct MHD_Connection *connection;
    const struct http_door *door;
    const struct http_route *route;
    enum http_stage stage;
    char *url;
    const char *method;
    char name[HTTP_NAME_MAX];
    struct http_pair queries[HTTP_QUERIES_MAX];
    size_t query_count;
    enum http_format format;
    struct text body;
    size_t uploaded;
    bool body_too_large;
    bool refused; /* by the rules, before a handler saw it */
    uint64_t began_ns;

    bool was_parked, is_watcher;
    void (*gone)(void *data);
    void *gone_data;
    const struct http_stream *stream; /* NULL: the answer has an end */
    bool stream_ended;                /* nothing will be added */

    int status;
    bool ready, close_after, client_gone;
    const char *content_type;
    struct text answer;
    struct text headers; /* name NUL value NUL … */
    unsigned header_count;
};

struct http_count {
    const struct http_route *route; /* NULL: other */
    int status;
    uint64_t count;
};

struct http_server {
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    struct http_options options; /* its lists are copies */
    char *token;
    struct http_door *doors;
    size_t door_count;
    uv_poll_t poll;   /* libmicrohttpd's epoll */
    uv_timer_t timer; /* its time-outs */
    uv_idle_t resume; /* resumes answered calls in batches */
    uv_poll_t watch_poll;
    int watch_fd;               /* epoll of the sockets of parked calls */
    int spare_fd;               /* given up to turn clients away when descriptors run out */
    bool running;               /* inside MHD_run() */
    struct http_door *arriving; /* the door of the connection that is being added */
    struct http_link links;     /* ends of the ring of all connections */
    uv_timer_t sweep;           /* runs while there are connections */
    uint64_t sweep_due;         /* uv_now() of the next */

    struct http_call calls;    /* ends of the ring of all calls under way */
    struct http_call resuming; /* ... of those to be resumed */
    size_t call_count, watcher_count, connection_count, watch_link_count, leaving_count;

    struct http_count counts[HTTP_COUNTS_MAX];
    size_t count_count;
    uint64_t rejected[HTTP_CODES_MAX];
    void (*measure)(void *owner, double seconds);
    void *measure_owner;

    bool stopping;
    uint64_t stop_by;
    void (*stopped)(void *owner);
    void *stopped_owner;
    int open_handles;
};

/* door.c: listening sockets. */

struct http_door {
    struct http_server *server;
    struct http_listener listener; /* strings are copies */
    int fd;
    int port;
    bool bound; /* the socket file is ours */
    uv_poll_t poll;
};

bool door_open(struct http_door *door, struct problem *problem) must_use;
bool door_start(struct http_door *door, uv_poll_cb on_readable) must_use;
/* Closes the socket and frees what the door copied; its poll handle has been closed before. */
void door_deinit(struct http_door *door);

/* checks.c: false means that the call was answered. The shape is looked at before the body is
 * read, for a body whose length is in doubt cannot be read; the rest when all is there. */
bool checks_shape(struct http_call *call) must_use;
bool checks_pass(struct http_call *call) must_use;

/* call.c */
struct http_call *call_new(struct http_server *server, struct MHD_Connection *connection,
                           const struct http_door *door, const char *url, const char *method);
void call_free(struct http_call *call);
/* Hands the finished answer to libmicrohttpd. */
enum MHD_Result call_queue(struct http_call *call);
void call_count(struct http_call *call);
void count_refusal(struct http_server *server, const struct http_code *code);

/* park.c: calls that wait. */
bool park_init(struct http_server *server, struct problem *problem) must_use;
void park_resume_later(struct http_call *call);
/* The client of a parked call hung up. */
void park_abandon(struct http_call *call);
/* Lets what is in server->resuming go on, from the next turn of the loop. */
void park_resume_batches(struct http_server *server);
/* False: there are too many watchers, and the call was answered. */
bool park_admit_watcher(struct http_call *call) must_use;

/* stream.c: answers without an end. */
struct MHD_Response *stream_response(struct http_call *call);
void stream_wake(struct http_call *call);
/* The connection is done with this call. */
void stream_over(struct http_call *call);

/* links.c: connections, and those that are too slow. */
void links_init(struct http_server *server);
void links_notify(void *owner, struct MHD_Connection *connection, void **context,
                  enum MHD_ConnectionNotificationCode code);
struct http_link *link_of(struct MHD_Connection *connection);
/* `call`, which may be NULL, has ended; the next request may begin. */
void link_idle(struct http_server *server, struct http_link *link, const struct http_call *call);
/* The connection is a watcher's from now on, also between two calls, until it asks something else:
 * a thousand that were answered at once are not a thousand connections too many. */
void link_watches(struct http_server *server, struct http_link *link,
                  const struct http_route *route);
/* The client of a watching connection hung up: another may watch in its place, and until it is
 * closed it is still nobody who counts against max_connections. */
void link_leaves(struct http_server *server, struct http_link *link);
/* Connections that count against max_connections: all but those of watchers. */
size_t links_counted(const struct http_server *server);

/* Ends the connection that has been idle the longest, so that idle ones cannot keep a probe out.
 * False when all are at work, or were a moment ago. */
bool links_make_room(struct http_server *server) must_use;

/* request.c: libmicrohttpd with our callbacks; NULL when it cannot be started. */
struct MHD_Daemon *request_start_daemon(struct http_server *server);

/* server.c: lets libmicrohttpd work. */
void server_run(struct http_server *server);

static inline void ring_remove(struct http_call *call)
{
    call->previous->next = call->next;
    call->next->previous = call->previous;
    call->next = call->previous = call;
}

static inline void ring_add(struct http_call *ends, struct http_call *call)
{
    call->previous = ends->previous;
    call->next = ends;
    call->previous->next = call;
    ends->previous = call;
}

#endif

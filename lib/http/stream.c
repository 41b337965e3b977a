/* Answers without an end. A stream that has nothing to say is suspended, and its socket watched
 * like that of a parked call; one that does not read is ended by the time-out for writing. */
#include "lib/http/internal.h"

#include <string.h>
#include <sys/epoll.h>

static int socket_of(const struct http_call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

/* False when the client's end could not be seen meanwhile: then it had better connect anew. */
static bool sleep_until_woken(struct http_call *call)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT, .data = {.ptr = call}};
    if (epoll_ctl(call->server->watch_fd, EPOLL_CTL_ADD, socket_of(call), &event) != 0) {
        return false;
    }
    MHD_suspend_connection(call->connection);
    call->stage = HTTP_STAGE_PARKED;
    return true;
}

void stream_wake(struct http_call *call)
{
    struct http_server *server = call->server;
    if (call->stage == HTTP_STAGE_PARKED) {
        (void)epoll_ctl(server->watch_fd, EPOLL_CTL_DEL, socket_of(call), NULL);
        call->stage = HTTP_STAGE_RESUMING;
        ring_remove(call);
        ring_add(&server->resuming, call);
        park_resume_batches(server);
    }
}

void http_stream_wake(struct http_call *call)
{
    stream_wake(call);
}

/* Moves what was said to libmicrohttpd; asks the owner for more when there is nothing. */
static ssize_t read_piece(void *owner, uint64_t position, char *out, size_t size)
{
    struct http_call *call = owner;
    (void)position;
    if (call->client_gone || call->answer.failed) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (call->answer.length == 0 && !call->stream_ended) {
        call->stream_ended = !call->stream->fill(call->gone_data, &call->answer);
    }
    size_t length = call->answer.length < size ? call->answer.length : size;
    if (length == 0 && call->stream_ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (length == 0) {
        return sleep_until_woken(call) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    memcpy(out, call->answer.bytes, length);
    call->answer.length -= length;
    memmove(call->answer.bytes, call->answer.bytes + length, call->answer.length);
    return (ssize_t)length;
}

struct MHD_Response *stream_response(struct http_call *call)
{
    enum { PIECE = 4096 };
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, read_piece, call, NULL);
}

bool http_call_stream(struct http_call *call, const char *content_type,
                      const struct http_stream *stream, void *data)
{
    if (!park_admit_watcher(call)) {
        return false;
    }
    call->status = MHD_HTTP_OK;
    call->content_type = content_type;
    call->ready = true;
    call->was_parked = true;
    call->is_watcher = true;
    call->stream = stream;
    call->gone_data = data;
    call->server->watcher_count++;
    return true;
}

void stream_over(struct http_call *call)
{
    if (call->stream != NULL) {
        call->server->watcher_count--;
        call->stream->gone(call->gone_data);
        call->stream = NULL;
    }
}

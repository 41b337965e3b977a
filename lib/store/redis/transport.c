#include "lib/store/redis/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum { INPUT_SIZE = 32 * 1024 };

struct transport {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } socket;
    uv_prepare_t turn; /* runs before the loop waits: writes what was gathered */
    uv_connect_t connecting;
    uv_write_t write;
    int open_handles;
    bool is_tcp, closing, reading, is_writing, has_ended;
    struct transport_options options;
    const struct transport_events *events;
    void *owner;
    struct text output;    /* gathered */
    struct text in_flight; /* libuv has it */
    char input[INPUT_SIZE];
};

static void end(struct transport *transport, int status)
{
    if (!transport->closing && !transport->has_ended) {
        transport->has_ended = true;
        transport->events->ended(transport->owner, status);
    }
}

static void lend_input(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct transport *transport = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(transport->input, INPUT_SIZE);
}

static void take_input(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct transport *transport = stream->data;
    if (transport->closing || length == 0) {
        return;
    }
    if (length < 0) {
        end(transport, (int)length);
        return;
    }
    transport->events->received(transport->owner, buffer->base, (size_t)length);
}

/* Best effort: a connection without these options works, too. */
static void tune(struct transport *transport)
{
    if (!transport->is_tcp) {
        return;
    }
    int64_t seconds = transport->options.keepalive_ms / 1000;
    unsigned user_timeout = (unsigned)transport->options.user_timeout_ms;
    uv_os_fd_t fd;
    (void)uv_tcp_nodelay(&transport->socket.tcp, 1);
    (void)uv_tcp_keepalive(&transport->socket.tcp, 1, seconds > 0 ? (unsigned)seconds : 1);
    if (uv_fileno(&transport->socket.handle, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct transport *transport = request->data;
    if (transport->closing) {
        return;
    }
    if (status == 0) {
        tune(transport);
        status = uv_read_start(&transport->socket.stream, lend_input, take_input);
    }
    transport->events->connected(transport->owner, status);
}

static void write_gathered(struct transport *transport);

static void on_written(uv_write_t *request, int status)
{
    struct transport *transport = request->data;
    transport->is_writing = false;
    text_clear(&transport->in_flight);
    if (transport->closing) {
        return;
    }
    if (status < 0) {
        end(transport, status);
        return;
    }
    write_gathered(transport);
}

static void write_gathered(struct transport *transport)
{
    if (transport->is_writing || transport->has_ended || transport->closing) {
        return;
    }
    if (transport->output.failed || transport->output.length > TRANSPORT_OUTPUT_MAX) {
        end(transport, UV_ENOMEM);
        return;
    }
    if (transport->output.length == 0) {
        return;
    }
    struct text gathered = transport->output;
    transport->output = transport->in_flight;
    transport->in_flight = gathered;
    uv_buf_t buffer = uv_buf_init(gathered.bytes, (unsigned)gathered.length);
    transport->write.data = transport;
    transport->is_writing = true;
    int status = uv_write(&transport->write, &transport->socket.stream, &buffer, 1, on_written);
    if (status < 0) {
        transport->is_writing = false;
        end(transport, status);
    }
}

static void on_turn(uv_prepare_t *turn)
{
    (void)uv_prepare_stop(turn);
    write_gathered(turn->data);
}

static void on_closed(uv_handle_t *handle)
{
    struct transport *transport = handle->data;
    if (--transport->open_handles > 0) {
        return;
    }
    text_free(&transport->output);
    text_free(&transport->in_flight);
    free(transport);
}

static int start_connecting(struct transport *transport, const struct sockaddr *address)
{
    transport->connecting.data = transport;
    if (transport->is_tcp) {
        return uv_tcp_connect(&transport->connecting, &transport->socket.tcp, address,
                              on_connected);
    }
    const struct sockaddr_un *local = (const struct sockaddr_un *)(const void *)address;
    uv_pipe_connect(&transport->connecting, &transport->socket.pipe, local->sun_path, on_connected);
    return 0;
}

struct transport *transport_open(uv_loop_t *loop, const struct sockaddr *address,
                                 const struct transport_options *options, int *status)
{
    struct transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL) {
        *status = UV_ENOMEM;
        return NULL;
    }
    transport->options = *options;
    transport->is_tcp = address->sa_family != AF_UNIX;
    *status = transport->is_tcp ? uv_tcp_init(loop, &transport->socket.tcp)
                                : uv_pipe_init(loop, &transport->socket.pipe, 0);
    if (*status < 0) {
        free(transport);
        return NULL;
    }
    (void)uv_prepare_init(loop, &transport->turn);
    transport->socket.handle.data = transport;
    transport->turn.data = transport;
    transport->open_handles = 2;
    *status = start_connecting(transport, address);
    if (*status < 0) {
        transport_close(transport);
        return NULL;
    }
    return transport;
}

void transport_listen(struct transport *transport, const struct transport_events *events,
                      void *owner)
{
    transport->events = events;
    transport->owner = owner;
}

struct text *transport_output(struct transport *transport)
{
    return &transport->output;
}

void transport_flush(struct transport *transport)
{
    if (!transport->closing) {
        (void)uv_prepare_start(&transport->turn, on_turn);
    }
}

void transport_close(struct transport *transport)
{
    if (transport == NULL || transport->closing) {
        return;
    }
    transport->closing = true;
    uv_close(&transport->socket.handle, on_closed);
    uv_close((uv_handle_t *)&transport->turn, on_closed);
}

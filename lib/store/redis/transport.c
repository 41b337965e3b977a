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
    bool is_tcp, closing, is_writing, has_ended;
    bool shaking, tls_failed;
    int64_t keepalive_ms, user_timeout_ms;
    struct tls_session *tls; /* NULL: plain */
    const struct transport_events *events;
    void *owner;
    struct text output;    /* gathered, in plain */
    struct text encrypted; /* gathered, when there is TLS */
    struct text in_flight; /* libuv has it */
    char input[INPUT_SIZE];
};

static void write_gathered(struct transport *transport);

static void end(struct transport *transport, int status)
{
    if (!transport->closing && !transport->has_ended) {
        transport->has_ended = true;
        transport->events->ended(transport->owner, status);
    }
}

static void fail_tls(struct transport *transport)
{
    transport->tls_failed = true;
    if (!transport->shaking) {
        end(transport, UV_EPROTO);
    } else if (!transport->closing && !transport->has_ended) {
        transport->has_ended = true;
        transport->events->connected(transport->owner, UV_EPROTO);
    }
}

static void shake_hands(struct transport *transport)
{
    enum tls_progress progress = tls_shake_hands(transport->tls);
    tls_take_output(transport->tls, &transport->encrypted);
    write_gathered(transport); /* also an alert that tells the server why */
    if (progress == TLS_BROKEN) {
        fail_tls(transport);
    } else if (progress == TLS_READY && !transport->has_ended) {
        transport->shaking = false;
        transport->events->connected(transport->owner, 0);
    }
}

/* Hands on what was fed, a piece at a time; the owner may close meanwhile. */
static void take_plain(struct transport *transport)
{
    enum tls_progress progress = TLS_READY;
    while (progress == TLS_READY && !transport->closing && !transport->has_ended) {
        size_t length = INPUT_SIZE;
        progress = tls_read(transport->tls, transport->input, &length);
        if (progress == TLS_READY) {
            transport->events->received(transport->owner, transport->input, length);
        }
    }
    if (progress == TLS_BROKEN && !transport->closing) {
        fail_tls(transport);
        return;
    }
    tls_take_output(transport->tls, &transport->encrypted); /* keys may have been renewed */
    write_gathered(transport);
}

static void take_encrypted(struct transport *transport, const char *bytes, size_t length)
{
    if (!tls_feed(transport->tls, bytes, length)) {
        fail_tls(transport);
        return;
    }
    if (transport->shaking) {
        shake_hands(transport);
    }
    if (!transport->shaking) {
        take_plain(transport);
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
    } else if (transport->tls != NULL) {
        take_encrypted(transport, buffer->base, (size_t)length);
    } else {
        transport->events->received(transport->owner, buffer->base, (size_t)length);
    }
}

/* Best effort: a connection without these options works, too. */
static void tune(struct transport *transport)
{
    if (!transport->is_tcp) {
        return;
    }
    int64_t seconds = transport->keepalive_ms / 1000;
    unsigned user_timeout = (unsigned)transport->user_timeout_ms;
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
    if (status == 0 && transport->tls != NULL) {
        transport->shaking = true;
        shake_hands(transport);
        return;
    }
    transport->events->connected(transport->owner, status);
}

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

static void encrypt_gathered(struct transport *transport)
{
    struct text *plain = &transport->output;
    if (plain->length == 0 || transport->shaking) {
        return;
    }
    if (tls_write(transport->tls, plain->bytes, plain->length) != TLS_READY) {
        fail_tls(transport);
        return;
    }
    text_clear(plain);
    tls_take_output(transport->tls, &transport->encrypted);
}

static void write_gathered(struct transport *transport)
{
    if (transport->is_writing || transport->has_ended || transport->closing) {
        return;
    }
    if (transport->output.failed || transport->encrypted.failed ||
        transport->output.length > TRANSPORT_OUTPUT_MAX) {
        end(transport, UV_ENOMEM);
        return;
    }
    if (transport->tls != NULL) {
        encrypt_gathered(transport);
    }
    struct text *ready = transport->tls != NULL ? &transport->encrypted : &transport->output;
    if (ready->length == 0 || transport->has_ended || transport->closing) {
        return;
    }
    struct text gathered = *ready;
    *ready = transport->in_flight;
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
    tls_session_free(transport->tls);
    text_free(&transport->output);
    text_free(&transport->encrypted);
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
    transport->keepalive_ms = options->keepalive_ms;
    transport->user_timeout_ms = options->user_timeout_ms;
    transport->is_tcp = address->sa_family != AF_UNIX;
    transport->tls = options->tls != NULL ? tls_session_new(options->tls, options->host) : NULL;
    if (options->tls != NULL && transport->tls == NULL) {
        free(transport);
        *status = UV_ENOMEM;
        return NULL;
    }
    *status = transport->is_tcp ? uv_tcp_init(loop, &transport->socket.tcp)
                                : uv_pipe_init(loop, &transport->socket.pipe, 0);
    if (*status < 0) {
        tls_session_free(transport->tls);
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

const char *transport_why(const struct transport *transport)
{
    if (transport->tls_failed) {
        return tls_why(transport->tls);
    }
    return transport->shaking && transport->has_ended
               ? "it ended the connection during the TLS handshake: does it speak TLS on this port?"
               : NULL;
}

bool transport_is_shaking(const struct transport *transport)
{
    return transport->shaking;
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

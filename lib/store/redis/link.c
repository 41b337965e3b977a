#include "lib/store/redis/link.h"

#include "lib/store/redis/dial.h"

#include <stdlib.h>
#include <string.h>

enum { GREETINGS_MAX = 4, FIRST_BYTES = 40 };

enum greeting { GREETING_AUTH = 1, GREETING_SELECT, GREETING_NAME, GREETING_PING };

struct link {
    uv_loop_t *loop;
    const struct link_target *target;
    const struct link_events *events;
    void *owner;
    struct dial *dial;
    struct transport *transport;
    struct resp_reader *reader;
    uv_timer_t timer;                       /* until it is ready */
    enum greeting greetings[GREETINGS_MAX]; /* that await their answers */
    size_t greeting_count, greetings_done;
    char first[FIRST_BYTES]; /* what the server said first, to explain what it is not */
    size_t first_length;
    bool closing;
};

static void on_closed(uv_handle_t *timer)
{
    struct link *link = timer->data;
    resp_reader_free(link->reader);
    free(link);
}

void link_close(struct link *link)
{
    if (link == NULL || link->closing) {
        return;
    }
    link->closing = true;
    dial_cancel(link->dial);
    transport_close(link->transport);
    uv_close((uv_handle_t *)&link->timer, on_closed);
}

static void lose(struct link *link, const struct redis_fault *fault)
{
    if (link->closing) {
        return;
    }
    link_close(link);
    link->events->lost(link->owner, fault);
}

static bool is_ready(const struct link *link)
{
    return link->transport != NULL && link->greetings_done == link->greeting_count;
}

static struct redis_place place_of(const struct link *link)
{
    return (struct redis_place){.endpoint = link->target->endpoint};
}

static void lose_by_status(struct link *link, int status)
{
    struct redis_place place = place_of(link);
    struct redis_fault fault;
    redis_fault_status(&fault, status, &place);
    lose(link, &fault);
}

/* What answers is no Redis: say what it looks like. */
static void lose_as_stranger(struct link *link)
{
    char quote[FIRST_BYTES + 1];
    size_t line = 0;
    while (line < link->first_length && link->first[line] != '\r' && link->first[line] != '\n') {
        line++;
    }
    redis_quote(quote, sizeof quote, link->first, line);
    bool tls = link->first_length >= 2 && link->first[0] == 0x15 && link->first[1] == 0x03;
    struct redis_fault fault;
    redis_fault_set(&fault, "malformed", REDIS_CONFIGURE,
                    tls ? "the server at %s speaks TLS only: it answered \"%s\""
                        : "the server at %s does not speak the Redis protocol: it answered \"%s\"",
                    link->target->endpoint, quote);
    lose(link, &fault);
}

static void on_broken(struct link *link)
{
    if (!is_ready(link)) {
        lose_as_stranger(link);
        return;
    }
    struct redis_fault fault;
    redis_fault_set(&fault, "malformed", REDIS_RECONNECT,
                    "the server at %s sent what is not the Redis protocol: %s",
                    link->target->endpoint, resp_reader_error(link->reader));
    lose(link, &fault);
}

/* These two do not keep a server from being of use. */
static bool is_forgivable(enum greeting greeting, const struct redis_fault *fault)
{
    return greeting == GREETING_NAME ||
           (greeting == GREETING_PING &&
            (strcmp(fault->code, "MISCONF") == 0 || strcmp(fault->code, "NOPERM") == 0));
}

static bool is_pleased(enum greeting greeting, const struct resp_value *value)
{
    const char *text = resp_text(value);
    return text != NULL && strcmp(text, greeting == GREETING_PING ? "PONG" : "OK") == 0;
}

static void take_greeting(struct link *link, const struct resp_value *value)
{
    enum greeting greeting = link->greetings[link->greetings_done];
    if (value->kind == RESP_ERROR) {
        struct redis_place place = place_of(link);
        place.secret = greeting == GREETING_AUTH;
        struct redis_fault fault;
        redis_fault_read(&fault, value->bytes, value->length, &place);
        if (!is_forgivable(greeting, &fault)) {
            lose(link, &fault);
            return;
        }
    } else if (!is_pleased(greeting, value)) {
        lose_as_stranger(link);
        return;
    }
    link->greetings_done++;
    if (is_ready(link)) {
        (void)uv_timer_stop(&link->timer);
        link->events->ready(link->owner);
    }
}

static void take_values(struct link *link)
{
    while (!link->closing) {
        struct resp_value *value = NULL;
        enum resp_progress progress = resp_next(link->reader, &value);
        if (progress == RESP_MORE) {
            return;
        }
        if (progress == RESP_BROKEN) {
            on_broken(link);
            return;
        }
        if (is_ready(link)) {
            link->events->received(link->owner, value);
        } else {
            take_greeting(link, value);
        }
        resp_free(value);
    }
}

static void on_received(void *owner, const char *bytes, size_t length)
{
    struct link *link = owner;
    if (link->first_length == 0) {
        link->first_length = length < FIRST_BYTES ? length : FIRST_BYTES;
        memcpy(link->first, bytes, link->first_length);
    }
    resp_feed(link->reader, bytes, length);
    take_values(link);
}

static void on_ended(void *owner, int status)
{
    struct link *link = owner;
    if (status != UV_EOF || link->first_length > 0) {
        lose_by_status(link, status);
        return;
    }
    struct redis_fault fault;
    redis_fault_set(&fault, "EOF", REDIS_RECONNECT,
                    "the server at %s closed the connection before it answered: is it Redis, and "
                    "without TLS?",
                    link->target->endpoint);
    lose(link, &fault);
}

static const struct transport_events transport_events = {.received = on_received,
                                                         .ended = on_ended};

static void expect(struct link *link, enum greeting greeting)
{
    link->greetings[link->greeting_count++] = greeting;
}

static void greet(struct link *link)
{
    const struct redis_store_options *options = link->target->options;
    struct text *output = transport_output(link->transport);
    if (options->password != NULL) {
        resp_begin(output, options->username != NULL ? 3 : 2);
        resp_string(output, "AUTH");
        if (options->username != NULL) {
            resp_string(output, options->username);
        }
        resp_string(output, options->password);
        expect(link, GREETING_AUTH);
    }
    if (options->db != 0) {
        resp_begin(output, 2);
        resp_string(output, "SELECT");
        resp_integer(output, options->db);
        expect(link, GREETING_SELECT);
    }
    if (options->client_name != NULL) {
        resp_begin(output, 3);
        resp_string(output, "CLIENT");
        resp_string(output, "SETNAME");
        resp_string(output, options->client_name);
        expect(link, GREETING_NAME);
    }
    resp_begin(output, 1);
    resp_string(output, "PING");
    expect(link, GREETING_PING);
    transport_flush(link->transport);
}

static void on_dialled(void *owner, struct transport *transport, int status)
{
    struct link *link = owner;
    link->dial = NULL;
    if (transport == NULL) {
        lose_by_status(link, status);
        return;
    }
    link->transport = transport;
    transport_listen(transport, &transport_events, link);
    greet(link);
}

static void on_timeout(uv_timer_t *timer)
{
    struct link *link = timer->data;
    struct redis_fault fault;
    redis_fault_set(&fault, "timeout", REDIS_RECONNECT,
                    link->transport == NULL
                        ? "no connection to %s within %lld ms"
                        : "the server at %s took the connection but did not answer within %lld ms",
                    link->target->endpoint, (long long)link->target->options->connect_timeout_ms);
    lose(link, &fault);
}

struct link *link_open(uv_loop_t *loop, const struct link_target *target,
                       const struct link_events *events, void *owner)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return NULL;
    }
    link->loop = loop;
    link->target = target;
    link->events = events;
    link->owner = owner;
    link->reader = resp_reader_new();
    link->dial = link->reader == NULL ? NULL : dial_start(loop, target->options, on_dialled, link);
    if (link->dial == NULL) {
        resp_reader_free(link->reader);
        free(link);
        return NULL;
    }
    (void)uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    (void)uv_timer_start(&link->timer, on_timeout, (uint64_t)target->options->connect_timeout_ms,
                         0);
    return link;
}

struct text *link_output(struct link *link)
{
    return transport_output(link->transport);
}

void link_send(struct link *link)
{
    transport_flush(link->transport);
}

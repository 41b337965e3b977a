#include "lib/store/redis/link.h"

#include "lib/store/redis/dial.h"

#include <stdlib.h>
#include <string.h>

enum { GREETINGS_MAX = 5, FIRST_BYTES = 40 };

enum greeting {
    GREETING_AUTH = 1,
    GREETING_SELECT,
    GREETING_NAME,
    GREETING_ROLE,
    GREETING_PING,
};

struct link {
    uv_loop_t *loop;
    struct redis_endpoint endpoint;
    const struct link_manners *manners;
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
    return (struct redis_place){.endpoint = link->endpoint.name};
}

static void lose_by_status(struct link *link, int status)
{
    struct redis_place place = place_of(link);
    struct redis_fault fault;
    redis_fault_status(&fault, status, &place);
    lose(link, &fault);
}

static void lose_by_tls(struct link *link, const char *why)
{
    struct redis_fault fault;
    redis_fault_set(&fault, "tls", REDIS_CONFIGURE, "no TLS with the server at %s: %s",
                    link->endpoint.name, why);
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
                    link->endpoint.name, quote);
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
                    "the server at %s sent what is not the Redis protocol: %s", link->endpoint.name,
                    resp_reader_error(link->reader));
    lose(link, &fault);
}

/* These do not keep a server from being of use; who asks for its role in vain learns it later, from
 * the lease script. */
static bool is_forgivable(enum greeting greeting, const struct redis_fault *fault)
{
    return greeting == GREETING_NAME || greeting == GREETING_ROLE ||
           (greeting == GREETING_PING &&
            (strcmp(fault->code, "MISCONF") == 0 || strcmp(fault->code, "NOPERM") == 0));
}

static void lose_as_replica(struct link *link)
{
    struct redis_fault fault;
    redis_fault_set(&fault, "READONLY", REDIS_REDISCOVER,
                    "the server at %s is a replica, not the primary", link->endpoint.name);
    lose(link, &fault);
}

static bool is_primary(const struct resp_value *role)
{
    const char *word = role->count > 0 ? resp_text(role->items[0]) : NULL;
    return word != NULL && strcmp(word, "master") == 0;
}

static bool is_pleased(enum greeting greeting, const struct resp_value *value)
{
    const char *text = resp_text(value);
    if (greeting == GREETING_ROLE) {
        return value->kind == RESP_ARRAY;
    }
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
    } else if (greeting == GREETING_ROLE && !is_primary(value)) {
        lose_as_replica(link);
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
    const char *why = transport_why(link->transport);
    if (why != NULL) {
        lose_by_tls(link, why);
        return;
    }
    bool early = link->first_length == 0 && (status == UV_EOF || status == UV_ECONNRESET);
    if (!early) {
        lose_by_status(link, status);
        return;
    }
    struct redis_fault fault;
    const char *code = status == UV_EOF ? "EOF" : "ECONNRESET";
    if (link->manners->tls != NULL) {
        redis_fault_set(&fault, code, REDIS_RECONNECT,
                        "the server at %s closed the connection after the TLS handshake: it may "
                        "ask for a client certificate (store.tls.cert_file and store.tls.key_file)",
                        link->endpoint.name);
    } else {
        redis_fault_set(&fault, code, REDIS_RECONNECT,
                        "the server at %s closed the connection before it answered: is it Redis, "
                        "and without TLS?",
                        link->endpoint.name);
    }
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
    const struct link_manners *manners = link->manners;
    struct text *output = transport_output(link->transport);
    if (manners->password != NULL) {
        resp_begin(output, manners->username != NULL ? 3 : 2);
        resp_string(output, "AUTH");
        if (manners->username != NULL) {
            resp_string(output, manners->username);
        }
        resp_string(output, manners->password);
        expect(link, GREETING_AUTH);
    }
    if (manners->db != 0) {
        resp_begin(output, 2);
        resp_string(output, "SELECT");
        resp_integer(output, manners->db);
        expect(link, GREETING_SELECT);
    }
    if (manners->client_name != NULL) {
        resp_begin(output, 3);
        resp_string(output, "CLIENT");
        resp_string(output, "SETNAME");
        resp_string(output, manners->client_name);
        expect(link, GREETING_NAME);
    }
    if (manners->primary_only) {
        resp_begin(output, 1);
        resp_string(output, "ROLE");
        expect(link, GREETING_ROLE);
    }
    resp_begin(output, 1);
    resp_string(output, "PING");
    expect(link, GREETING_PING);
    transport_flush(link->transport);
}

static void on_dialled(void *owner, struct transport *transport, int status, const char *why)
{
    struct link *link = owner;
    link->dial = NULL;
    if (transport == NULL && why != NULL) {
        lose_by_tls(link, why);
        return;
    }
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
    long long limit_ms = link->manners->connect_timeout_ms;
    struct redis_fault fault;
    if (link->transport != NULL) {
        redis_fault_set(&fault, "timeout", REDIS_RECONNECT,
                        "the server at %s took the connection but did not answer within %lld ms",
                        link->endpoint.name, limit_ms);
    } else if (dial_is_shaking(link->dial)) {
        redis_fault_set(&fault, "timeout", REDIS_RECONNECT,
                        "the server at %s took the connection but did not complete the TLS "
                        "handshake within %lld ms: does it speak TLS on this port?",
                        link->endpoint.name, limit_ms);
    } else {
        redis_fault_set(&fault, "timeout", REDIS_RECONNECT, "no connection to %s within %lld ms",
                        link->endpoint.name, limit_ms);
    }
    lose(link, &fault);
}

struct link *link_open(uv_loop_t *loop, const struct redis_endpoint *endpoint,
                       const struct link_manners *manners, const struct link_events *events,
                       void *owner)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return NULL;
    }
    link->loop = loop;
    link->endpoint = *endpoint;
    link->manners = manners;
    link->events = events;
    link->owner = owner;
    link->reader = resp_reader_new();
    link->dial =
        link->reader == NULL ? NULL : dial_start(loop, &link->endpoint, manners, on_dialled, link);
    if (link->dial == NULL) {
        resp_reader_free(link->reader);
        free(link);
        return NULL;
    }
    (void)uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    (void)uv_timer_start(&link->timer, on_timeout, (uint64_t)manners->connect_timeout_ms, 0);
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

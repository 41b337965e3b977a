/* Servers, sentinels and nodes of a cluster that answer anything: to the real store, its second
 * connection included, and to the real examination with its findings.
 *
 * Only connections and clocks are replaced. The first byte chooses who asks; the rest, cut at each
 * 0xff, is what is said by whoever was last written to. An empty piece ends the connection. */
#include "lib/diagnostics/redis_exam.h"
#include "lib/diagnostics/report_json.h"
#include "lib/store/redis/dial.h"
#include "lib/store/redis/redis_store.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Of the first byte, above the mode. */
enum { EXAMINE = 4, WITH_PASSWORD = 8, WITH_REPLICAS = 16, GREETS = 32, IN_BYTES = 64 };
enum {
    TURNS_MAX = 600,
    QUIET_TURNS = 40,
    TURN_MS = 50,
    CALLS = 12,
    F_FROM_TURN = 8,
    F_TO_TURN = 24
};

/* Connections. */

struct transport {
    struct transport *next;
    const struct transport_events *events;
    void *owner;
    struct text output;
    bool written, greeted;
};

struct dial {
    struct dial *next;
    dial_done_cb *done;
    void *owner;
};

static struct {
    const uint8_t *at, *end;
    bool greets, in_bytes;
    struct transport *transports;
    struct dial *dials;
} wire;

struct dial *dial_start(uv_loop_t *loop, const struct redis_endpoint *endpoint,
                        const struct link_manners *manners, dial_done_cb *done, void *owner)
{
    struct dial *dial = calloc(1, sizeof *dial);
    (void)loop;
    assert(endpoint->host[0] != '\0' && strlen(endpoint->host) < sizeof endpoint->host);
    assert(endpoint->port >= 1 && endpoint->port <= 65535 && manners->connect_timeout_ms > 0);
    *dial = (struct dial){.next = wire.dials, .done = done, .owner = owner};
    wire.dials = dial;
    return dial;
}

bool dial_is_shaking(const struct dial *dial)
{
    (void)dial;
    return false;
}

void dial_cancel(struct dial *dial)
{
    for (struct dial **at = &wire.dials; dial != NULL; at = &(*at)->next) {
        if (*at == dial) {
            *at = dial->next;
            free(dial);
            return;
        }
    }
}

void transport_listen(struct transport *transport, const struct transport_events *events,
                      void *owner)
{
    transport->events = events;
    transport->owner = owner;
}

const char *transport_why(const struct transport *transport)
{
    (void)transport;
    return NULL;
}

bool transport_is_shaking(const struct transport *transport)
{
    (void)transport;
    return false;
}

struct text *transport_output(struct transport *transport)
{
    return &transport->output;
}

void transport_flush(struct transport *transport)
{
    transport->written = transport->output.length > 0;
}

void transport_close(struct transport *transport)
{
    for (struct transport **at = &wire.transports; transport != NULL; at = &(*at)->next) {
        if (*at == transport) {
            *at = transport->next;
            text_free(&transport->output);
            free(transport);
            return;
        }
    }
}

static bool connect_one(void)
{
    struct dial *dial = wire.dials;
    if (dial == NULL) {
        return false;
    }
    struct transport *transport = calloc(1, sizeof *transport);
    transport->next = wire.transports;
    wire.transports = transport;
    wire.dials = dial->next;
    dial->done(dial->owner, transport, 0, NULL);
    free(dial);
    return true;
}

static bool is_open(const struct transport *transport)
{
    const struct transport *at = wire.transports;
    while (at != NULL && at != transport) {
        at = at->next;
    }
    return at != NULL;
}

static void say(struct transport *transport, const char *bytes, size_t length)
{
    size_t piece = wire.in_bytes ? 1 : length;
    for (size_t at = 0; at < length && is_open(transport); at += piece) {
        transport->events->received(transport->owner, bytes + at, piece);
    }
}

/* What a good server says to a greeting, so that the input need not begin with it each time. */
static void greet(struct transport *transport)
{
    struct text *asked = &transport->output, answer = {0};
    text_add(&answer, strstr(asked->bytes, "AUTH") != NULL ? "+OK\r\n" : "");
    text_add(&answer, strstr(asked->bytes, "SETNAME") != NULL ? "+OK\r\n" : "");
    text_add(&answer,
             strstr(asked->bytes, "ROLE") != NULL ? "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n" : "");
    text_add(&answer, "+PONG\r\n");
    text_clear(asked);
    say(transport, answer.bytes, answer.length);
    text_free(&answer);
}

static void speak(struct transport *transport)
{
    transport->written = false;
    if (!transport->greeted && !wire.greets) {
        transport->greeted = true;
        greet(transport);
        return;
    }
    text_clear(&transport->output);
    const uint8_t *end = memchr(wire.at, 0xff, (size_t)(wire.end - wire.at));
    const uint8_t *from = wire.at;
    size_t length = (size_t)((end != NULL ? end : wire.end) - from);
    wire.at = end != NULL ? end + 1 : wire.end;
    if (length == 0) {
        transport->events->ended(transport->owner, UV_EOF);
    } else {
        say(transport, (const char *)from, length);
    }
}

static bool speak_one(void)
{
    struct transport *transport = wire.transports;
    while (transport != NULL && !transport->written) {
        transport = transport->next;
    }
    if (transport != NULL) {
        speak(transport);
    }
    return transport != NULL;
}

/* One turn of everything; false when nothing is going on. */
static bool turn(uv_loop_t *loop)
{
    clock_pass_ms(TURN_MS);
    (void)uv_run(loop, UV_RUN_NOWAIT);
    bool connected = connect_one();
    bool spoken = wire.at < wire.end && speak_one();
    return connected || spoken;
}

static void end_loop(uv_loop_t *loop)
{
    while (uv_run(loop, UV_RUN_NOWAIT) != 0) {
        clock_pass_ms(TURN_MS);
    }
    assert(uv_loop_close(loop) == 0 && wire.transports == NULL && wire.dials == NULL);
}

static const struct redis_address addresses[] = {{"10.0.0.1", 7000}, {"10.0.0.2", 7000}};

static struct redis_store_options options_of(uint8_t choice)
{
    enum redis_mode mode = (enum redis_mode)(REDIS_STANDALONE + (choice & 3) % REDIS_CLUSTER);
    return (struct redis_store_options){.mode = mode,
                                        .addresses = addresses,
                                        .address_count = mode == REDIS_STANDALONE ? 1 : 2,
                                        .master_name = mode == REDIS_SENTINEL ? "m" : NULL,
                                        .password = (choice & WITH_PASSWORD) != 0 ? "secret" : NULL,
                                        .client_name =
                                            (choice & WITH_PASSWORD) != 0 ? "leaderd" : NULL,
                                        .key_prefix = "k:",
                                        .connect_timeout_ms = 1000,
                                        .keepalive_ms = 1000,
                                        .reconnect_min_ms = 50,
                                        .reconnect_max_ms = 200,
                                        .breaker_failures = 3,
                                        .breaker_open_ms = 300,
                                        .min_replicas = (choice & WITH_REPLICAS) != 0 ? 1 : 0,
                                        .restart_guard = true};
}

/* The store. */

struct client {
    struct store_call calls[CALLS];
    bool under_way[CALLS];
    bool hears_f; /* messages about "f" are wanted */
    bool closed;
};

static void check_record(const struct lease_record *record)
{
    assert(record->state >= LEASE_ABSENT && record->state <= LEASE_VACATED);
    assert(record->term >= 0 && record->term <= LEASE_TERM_MAX);
    assert(record->n >= 0 && record->n <= LEASE_TERM_MAX);
    assert(record->lease_ms >= 0 && record->unconfirmed >= 0);
    assert(strnlen(record->instance, LEASE_INSTANCE_SIZE) < LEASE_INSTANCE_SIZE);
    assert(strnlen(record->participant, LEASE_PARTICIPANT_SIZE) < LEASE_PARTICIPANT_SIZE);
    assert(strnlen(record->reign, LEASE_REIGN_SIZE) < LEASE_REIGN_SIZE);
    assert(record->meta != NULL && strlen(record->meta) <= REDIS_META_MAX);
}

/* Each call is answered once, and whatever a server says, with an answer or a reason. */
static void on_answer(struct store_call *call, const struct lease_reply *reply)
{
    struct client *client = call->owner;
    size_t index = (size_t)(call - client->calls);
    assert(client->under_way[index] && !client->closed && reply->id == index);
    client->under_way[index] = false;
    check_record(&reply->record);
    bool good = reply->outcome != LEASE_FAILED && reply->outcome != LEASE_UNKNOWN;
    assert(reply->outcome >= LEASE_UNKNOWN && reply->outcome <= LEASE_EMPTIED);
    assert((reply->error[0] == '\0') == (good && reply->replicated));
    assert((reply->problem.text[0] == '\0') == (reply->error[0] == '\0'));
    assert(strnlen(reply->version, LEASE_VERSION_SIZE) < LEASE_VERSION_SIZE);
    assert(reply->listeners >= 0);
}

static void on_hint(void *owner, const char *election, const char *what)
{
    const struct client *client = owner;
    bool wanted = strcmp(election, "e") == 0 || (client->hears_f && strcmp(election, "f") == 0);
    assert(!client->closed && wanted && what[0] != '\0');
}

static void on_down(void *owner, const char *code, const struct problem *problem)
{
    const struct client *client = owner;
    assert(!client->closed && code[0] != '\0' && problem->text[0] != '\0');
}

static void on_closed(void *owner)
{
    struct client *client = owner;
    assert(!client->closed);
    client->closed = true;
}

static void submit(struct store *store, struct client *client, size_t index)
{
    static const enum lease_verb verbs[] = {LEASE_OBSERVE, LEASE_ACQUIRE, LEASE_RENEW,
                                            LEASE_RELEASE};
    struct lease_request request = {.id = index,
                                    .verb = verbs[index % 4],
                                    .election = index % 5 == 4 ? "f" : "e",
                                    .instance = "00112233445566778899aabbccddeeff",
                                    .participant = "p",
                                    .meta = "{}",
                                    .lease_ms = 15000,
                                    .term = 1,
                                    .version = ""};
    client->calls[index] = (struct store_call){.answer = on_answer, .owner = client};
    client->under_way[index] = true;
    store_submit(store, &client->calls[index], &request, 400);
}

/* What is wanted changes on the way. */
static void subscribe(struct store *store, struct client *client, int turns)
{
    if (turns == 0) {
        store_subscribe(store, "e");
    } else if (turns == F_FROM_TURN) {
        client->hears_f = true;
        store_subscribe(store, "f");
    } else if (turns == F_TO_TURN) {
        client->hears_f = false;
        store_unsubscribe(store, "f");
    }
}

static void use_store(uv_loop_t *loop, const struct redis_store_options *options)
{
    struct client client = {0};
    struct problem problem;
    struct store_health health;
    const struct store_listener listener = {
        .owner = &client, .down = on_down, .hint = on_hint, .closed = on_closed};
    struct store *store = redis_store_new(loop, options, &listener, &problem);
    assert(store != NULL);
    size_t next = 0;
    for (int turns = 0, quiet = 0; turns < TURNS_MAX && quiet < QUIET_TURNS; turns++) {
        subscribe(store, &client, turns);
        quiet = turn(loop) ? 0 : quiet + 1;
        if (turns % 3 == 2 && next < CALLS) {
            submit(store, &client, next++);
        }
        store_health(store, &health);
        assert(strlen(health.endpoint) < REDIS_ENDPOINT_SIZE);
    }
    store_close(store);
    end_loop(loop);
    assert(client.closed);
    for (size_t i = 0; i < CALLS; i++) {
        assert(!client.under_way[i]);
    }
}

/* The examination. */

static void check_node(const struct exam_node *node)
{
    const int64_t numbers[] = {
        node->uptime_s,      node->connected_clients, node->max_clients,
        node->used_bytes,    node->max_bytes,         node->system_bytes,
        node->evicted_keys,  node->expired_keys,      node->connected_replicas,
        node->good_replicas, node->last_save_s,       node->changes_since_save};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert(numbers[i] >= -1);
    }
    assert(node->good_replicas <= 64);
    assert(!node->has_time || llabs(node->time_offset_us) < INT64_C(1) << 60);
}

static void check_report(const struct redis_report *report)
{
    assert(report->node_count <= EXAM_NODES_MAX && report->node_count <= report->node_total);
    assert(report->sentinel_count <= EXAM_SENTINELS_MAX && report->key_count == 2);
    assert(report->expiring.count <= EXAM_EXPIRING_MAX);
    assert(redis_report_healthy_nodes(report) <= report->node_count);
    for (size_t i = 0; i < report->node_count; i++) {
        check_node(&report->nodes[i]);
    }
    for (size_t i = 0; i < report->sentinel_count; i++) {
        bool ok = report->sentinels[i].ok;
        assert(!ok || report->sentinels[i].primary[0] != '\0');
        assert(ok || report->sentinels[i].error.text[0] != '\0');
    }
}

static void check_json(const struct text *text)
{
    json_t *root = json_loadb(text->bytes, text->length, 0, NULL);
    assert(json_is_object(root));
    json_decref(root);
}

/* All that is made of a report, as the daemon does. */
static void show_report(struct redis_report *redis)
{
    struct findings findings = {0};
    struct text text = {0};
    struct metrics_writer writer = {.text = &text, .format = METRICS_PROMETHEUS};
    const struct report report = {.at_ms = 1, .redis = redis, .clock = {.at_ms = 1}};
    const struct election_facts election = {.name = "e", .operation_timeout_ms = 2000};
    const struct daemon_facts facts = {
        .running = true, .elections = &election, .election_count = 1, .min_replicas = 1};
    findings_judge(&report, &report, &facts, &findings);
    assert(findings.count <= FINDINGS_MAX && findings_overall(&findings) != NULL);
    report_render(&text, &report, &facts, &findings, REPORT_ALL);
    check_json(&text);
    text_clear(&text);
    report_add_metrics(&writer, &report, &facts, &findings);
    text_free(&text);
}

static void on_examined(void *owner, struct redis_report *report)
{
    struct redis_report **out = owner;
    *out = report;
}

static void examine(uv_loop_t *loop, const struct redis_store_options *options)
{
    static const char *const elections[] = {"e", "f"};
    const struct redis_exam_options exam_options = {.store = options,
                                                    .elections = elections,
                                                    .election_count = 2,
                                                    .expiring_ms = -1,
                                                    .limit_ms = 10000};
    struct problem problem;
    struct redis_report *report = NULL;
    struct redis_exam *exam = redis_exam_start(loop, &exam_options, on_examined, &report, &problem);
    assert(exam != NULL);
    for (int turns = 0; turns < TURNS_MAX && report == NULL; turns++) {
        (void)turn(loop);
    }
    if (report == NULL) {
        redis_exam_cancel(exam);
    }
    end_loop(loop);
    if (report != NULL) {
        check_report(report);
        show_report(report);
        redis_report_free(report);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uv_loop_t loop;
    if (size == 0) {
        return 0;
    }
    struct redis_store_options options = options_of(data[0]);
    clock_reset();
    wire.at = data + 1;
    wire.end = data + size;
    wire.greets = (data[0] & GREETS) != 0;
    wire.in_bytes = (data[0] & IN_BYTES) != 0;
    assert(uv_loop_init(&loop) == 0);
    if ((data[0] & EXAMINE) != 0) {
        examine(&loop, &options);
    } else {
        use_store(&loop, &options);
    }
    return 0;
}

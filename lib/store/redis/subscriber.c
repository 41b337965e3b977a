#include "lib/store/redis/subscriber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PING_EVERY_MS = 15000, WHAT_SIZE = 16 };

struct subscriber {
    uv_loop_t *loop;
    const struct link_manners *manners;
    const char *key_prefix;
    struct redis_endpoint endpoint; /* of the present connection */
    struct backoff backoff;
    const struct subscriber_events *events;
    void *owner;
    struct link *link; /* NULL between two attempts, and before the first subscription */
    uv_timer_t timer;  /* the next attempt, or the next PING */
    bool ready, heard, deaf, closing;
    char **elections; /* sorted */
    size_t count, capacity;
};

/* Where `election` stands, or would stand. */
static size_t position(const struct subscriber *subscriber, const char *election, bool *found)
{
    size_t low = 0, high = subscriber->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(subscriber->elections[middle], election);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = false;
    return low;
}

static void add_channel(struct subscriber *subscriber, const char *election)
{
    char channel[REDIS_KEY_PREFIX_MAX + LEASE_ELECTION_SIZE + 16];
    int length = snprintf(channel, sizeof channel, "%s%s:events", subscriber->key_prefix, election);
    resp_part(link_output(subscriber->link), channel, (size_t)length);
}

static void send_command(struct subscriber *subscriber, const char *command, const char *election)
{
    struct text *output = link_output(subscriber->link);
    resp_begin(output, 2);
    resp_string(output, command);
    add_channel(subscriber, election);
    link_send(subscriber->link);
}

static void on_timer(uv_timer_t *timer);

static void wait_for(struct subscriber *subscriber, int64_t ms)
{
    (void)uv_timer_start(&subscriber->timer, on_timer, (uint64_t)ms, 0);
}

static void on_ready(void *owner)
{
    struct subscriber *subscriber = owner;
    subscriber->ready = true;
    subscriber->deaf = false;
    subscriber->heard = true;
    subscriber->events->alive(subscriber->owner);
    if (subscriber->link == NULL) {
        return;
    }
    if (subscriber->count > 0) {
        struct text *output = link_output(subscriber->link);
        resp_begin(output, subscriber->count + 1);
        resp_string(output, "SUBSCRIBE");
        for (size_t i = 0; i < subscriber->count; i++) {
            add_channel(subscriber, subscriber->elections[i]);
        }
        link_send(subscriber->link);
    }
    wait_for(subscriber, PING_EVERY_MS);
}

/* The election that a channel is about; NULL when it is none of ours. */
static const char *find_election(const struct subscriber *subscriber, const char *channel)
{
    const char *prefix = subscriber->key_prefix;
    size_t prefix_length = strlen(prefix), length = strlen(channel), suffix = strlen(":events");
    if (length < prefix_length + suffix || strncmp(channel, prefix, prefix_length) != 0 ||
        strcmp(channel + length - suffix, ":events") != 0) {
        return NULL;
    }
    char election[LEASE_ELECTION_SIZE];
    size_t size = length - suffix - prefix_length;
    if (size >= sizeof election) {
        return NULL;
    }
    memcpy(election, channel + prefix_length, size);
    election[size] = '\0';
    bool found;
    size_t at = position(subscriber, election, &found);
    return found ? subscriber->elections[at] : NULL;
}

/* The message is "<what> <term> <instance>". */
static void take_message(struct subscriber *subscriber, const char *channel, const char *message)
{
    char election[LEASE_ELECTION_SIZE], what[WHAT_SIZE];
    const char *name = find_election(subscriber, channel);
    size_t length = strcspn(message, " ");
    if (name == NULL || length == 0 || length >= sizeof what) {
        return;
    }
    /* Copies, because the callback may unsubscribe. */
    (void)snprintf(election, sizeof election, "%s", name);
    memcpy(what, message, length);
    what[length] = '\0';
    subscriber->events->hint(subscriber->owner, election, what);
}

static void take_refusal(struct subscriber *subscriber, const struct redis_fault *fault)
{
    if (!subscriber->deaf) {
        struct redis_fault deaf;
        subscriber->deaf = true;
        redis_fault_set(&deaf, "subscribe_denied", REDIS_HOLD,
                        "no messages from the server at %s, so a hand-over is noticed by looking "
                        "only: %.200s",
                        subscriber->endpoint.name, fault->problem.text);
        subscriber->events->deaf(subscriber->owner, &deaf);
    }
    subscriber->events->error(subscriber->owner, fault);
}

static void on_received(void *owner, const struct resp_value *value)
{
    struct subscriber *subscriber = owner;
    subscriber->heard = true;
    if (value->kind == RESP_ERROR) {
        struct redis_place place = {.endpoint = subscriber->endpoint.name};
        struct redis_fault fault;
        redis_fault_read(&fault, value->bytes, value->length, &place);
        take_refusal(subscriber, &fault);
        return;
    }
    backoff_reset(&subscriber->backoff);
    if (value->kind != RESP_ARRAY || value->count != 3) {
        return;
    }
    const char *kind = resp_text(value->items[0]);
    const char *channel = resp_text(value->items[1]);
    const char *message = resp_text(value->items[2]);
    if (kind != NULL && channel != NULL && message != NULL && strcmp(kind, "message") == 0) {
        take_message(subscriber, channel, message);
    }
}

static void on_lost(void *owner, const struct redis_fault *fault)
{
    struct subscriber *subscriber = owner;
    subscriber->link = NULL;
    subscriber->ready = false;
    wait_for(subscriber, backoff_next(&subscriber->backoff));
    subscriber->events->error(subscriber->owner, fault);
}

static const struct link_events link_events = {
    .ready = on_ready, .received = on_received, .lost = on_lost};

static void connect_now(struct subscriber *subscriber)
{
    if (subscriber->events->where(subscriber->owner, &subscriber->endpoint)) {
        subscriber->link = link_open(subscriber->loop, &subscriber->endpoint, subscriber->manners,
                                     &link_events, subscriber);
    }
    if (subscriber->link == NULL) {
        wait_for(subscriber, backoff_next(&subscriber->backoff));
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct subscriber *subscriber = timer->data;
    if (subscriber->link == NULL) {
        connect_now(subscriber);
        return;
    }
    if (!subscriber->heard) {
        struct redis_fault fault;
        redis_fault_set(&fault, "timeout", REDIS_RECONNECT,
                        "the server at %s did not answer on the connection for messages",
                        subscriber->endpoint.name);
        link_close(subscriber->link);
        on_lost(subscriber, &fault);
        return;
    }
    subscriber->heard = false;
    struct text *output = link_output(subscriber->link);
    resp_begin(output, 1);
    resp_string(output, "PING");
    link_send(subscriber->link);
    wait_for(subscriber, PING_EVERY_MS);
}

struct subscriber *subscriber_new(uv_loop_t *loop, const struct link_manners *manners,
                                  const char *key_prefix, const struct backoff *backoff,
                                  const struct subscriber_events *events, void *owner)
{
    struct subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL) {
        return NULL;
    }
    subscriber->loop = loop;
    subscriber->manners = manners;
    subscriber->key_prefix = key_prefix;
    subscriber->backoff = *backoff;
    subscriber->events = events;
    subscriber->owner = owner;
    (void)uv_timer_init(loop, &subscriber->timer);
    subscriber->timer.data = subscriber;
    return subscriber;
}

static bool make_room(struct subscriber *subscriber)
{
    if (subscriber->count < subscriber->capacity) {
        return true;
    }
    size_t capacity = subscriber->capacity == 0 ? 16 : 2 * subscriber->capacity;
    char **elections = capacity > SUBSCRIBER_ELECTIONS_MAX
                           ? NULL
                           : realloc(subscriber->elections, capacity * sizeof *elections);
    if (elections == NULL) {
        return false;
    }
    subscriber->elections = elections;
    subscriber->capacity = capacity;
    return true;
}

void subscriber_add(struct subscriber *subscriber, const char *election)
{
    bool found;
    size_t at = position(subscriber, election, &found);
    if (found || subscriber->closing || !make_room(subscriber)) {
        return;
    }
    char *copy = strdup(election);
    if (copy == NULL) {
        return; /* hints are a convenience: it is polled without them */
    }
    memmove(subscriber->elections + at + 1, subscriber->elections + at,
            (subscriber->count - at) * sizeof *subscriber->elections);
    subscriber->elections[at] = copy;
    subscriber->count++;
    if (subscriber->ready) {
        send_command(subscriber, "SUBSCRIBE", election);
    } else if (subscriber->link == NULL && !uv_is_active((uv_handle_t *)&subscriber->timer)) {
        connect_now(subscriber);
    }
}

void subscriber_remove(struct subscriber *subscriber, const char *election)
{
    bool found;
    size_t at = position(subscriber, election, &found);
    if (!found || subscriber->closing) {
        return;
    }
    if (subscriber->ready) {
        send_command(subscriber, "UNSUBSCRIBE", election);
    }
    free(subscriber->elections[at]);
    subscriber->count--;
    memmove(subscriber->elections + at, subscriber->elections + at + 1,
            (subscriber->count - at) * sizeof *subscriber->elections);
}

void subscriber_follow(struct subscriber *subscriber, bool anew)
{
    if (subscriber->closing) {
        return;
    }
    if (anew) {
        link_close(subscriber->link);
        subscriber->link = NULL;
        subscriber->ready = false;
    }
    if (subscriber->link == NULL && subscriber->count > 0) {
        (void)uv_timer_stop(&subscriber->timer);
        connect_now(subscriber);
    }
}

void subscriber_each(const struct subscriber *subscriber,
                     void (*each)(void *owner, const char *key), void *owner)
{
    for (size_t i = 0; i < subscriber->count; i++) {
        char key[REDIS_KEY_PREFIX_MAX + LEASE_ELECTION_SIZE];
        (void)snprintf(key, sizeof key, "%s%s", subscriber->key_prefix, subscriber->elections[i]);
        each(owner, key);
    }
}

static void on_closed(uv_handle_t *timer)
{
    struct subscriber *subscriber = timer->data;
    for (size_t i = 0; i < subscriber->count; i++) {
        free(subscriber->elections[i]);
    }
    free(subscriber->elections);
    free(subscriber);
}

void subscriber_close(struct subscriber *subscriber)
{
    if (subscriber == NULL || subscriber->closing) {
        return;
    }
    subscriber->closing = true;
    link_close(subscriber->link);
    uv_close((uv_handle_t *)&subscriber->timer, on_closed);
}

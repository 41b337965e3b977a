#include "lib/store/redis/scout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PING_EVERY_MS = 15000 };

struct scout {
    uv_loop_t *loop;
    const struct link_manners *manners;
    const struct scout_events *events;
    void *owner;
    void (*closed)(void *owner);
    struct redis_endpoint servers[SCOUT_SERVERS_MAX];
    size_t count, first, tried; /* servers of this round */
    struct link *link;
    uv_timer_t timer; /* of the next server, of the answer, or of the next PING */
    struct redis_fault fault;
    bool asked, keeps, heard;
};

static size_t present(const struct scout *scout)
{
    return (scout->first + scout->tried) % scout->count;
}

static void on_timer(uv_timer_t *timer);

static void wake_in(struct scout *scout, int64_t ms)
{
    (void)uv_timer_start(&scout->timer, on_timer, (uint64_t)ms, 0);
}

static void try_next(struct scout *scout)
{
    link_close(scout->link);
    scout->link = NULL;
    scout->asked = false;
    scout->tried++;
    if (scout->tried < scout->count) {
        wake_in(scout, 0);
        return;
    }
    (void)uv_timer_stop(&scout->timer);
    struct redis_fault fault = scout->fault;
    scout->events->failed(scout->owner, &fault);
}

static void leave(struct scout *scout, const struct redis_fault *fault)
{
    (void)uv_timer_stop(&scout->timer);
    link_close(scout->link);
    scout->link = NULL;
    scout->keeps = false;
    scout->events->left(scout->owner, fault);
}

static void on_lost(void *owner, const struct redis_fault *fault)
{
    struct scout *scout = owner;
    scout->link = NULL;
    scout->fault = *fault;
    if (scout->keeps) {
        leave(scout, fault);
    } else {
        try_next(scout);
    }
}

static void on_ready(void *owner)
{
    struct scout *scout = owner;
    scout->asked = true;
    scout->events->ask(scout->owner, link_output(scout->link));
    link_send(scout->link);
    wake_in(scout, scout->manners->connect_timeout_ms);
}

static void take_answer(struct scout *scout, const struct resp_value *value)
{
    size_t index = present(scout);
    struct redis_fault fault;
    struct link *link = scout->link;
    scout->asked = false;
    scout->keeps = scout->events->heard != NULL;
    bool enough =
        scout->events->answered(scout->owner, &scout->servers[index], index, value, &fault);
    if (scout->link != link) {
        return; /* asked anew or closed meanwhile */
    }
    if (!enough) {
        scout->keeps = false;
        scout->fault = fault;
        try_next(scout);
    } else if (scout->keeps) {
        scout->heard = true;
        wake_in(scout, PING_EVERY_MS);
    } else {
        (void)uv_timer_stop(&scout->timer);
        link_close(scout->link);
        scout->link = NULL;
    }
}

static void on_received(void *owner, const struct resp_value *value)
{
    struct scout *scout = owner;
    scout->heard = true;
    if (scout->asked) {
        take_answer(scout, value);
    } else if (scout->keeps) {
        scout->events->heard(scout->owner, value);
    }
}

static const struct link_events link_events = {
    .ready = on_ready, .received = on_received, .lost = on_lost};

static void go(struct scout *scout)
{
    scout->link = link_open(scout->loop, &scout->servers[present(scout)], scout->manners,
                            &link_events, scout);
    if (scout->link == NULL) {
        redis_fault_set(&scout->fault, "memory", REDIS_RECONNECT, "out of memory");
        try_next(scout);
    }
}

static void on_silence(struct scout *scout)
{
    struct redis_fault fault;
    redis_fault_set(&fault, "timeout", REDIS_RECONNECT, "the server at %s did not answer in time",
                    scout->servers[present(scout)].name);
    scout->fault = fault;
    if (scout->keeps) {
        leave(scout, &fault);
    } else {
        try_next(scout);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct scout *scout = timer->data;
    if (scout->link == NULL) {
        go(scout);
    } else if (scout->asked || !scout->heard) {
        on_silence(scout);
    } else {
        scout->heard = false;
        scout_say(scout, "PING", NULL);
        wake_in(scout, PING_EVERY_MS);
    }
}

struct scout *scout_new(uv_loop_t *loop, const struct link_manners *manners,
                        const struct scout_events *events, void *owner)
{
    struct scout *scout = calloc(1, sizeof *scout);
    if (scout != NULL) {
        scout->loop = loop;
        scout->manners = manners;
        scout->events = events;
        scout->owner = owner;
        (void)uv_timer_init(loop, &scout->timer);
        scout->timer.data = scout;
    }
    return scout;
}

void scout_ask(struct scout *scout, const struct redis_endpoint *servers, size_t count,
               size_t first)
{
    assert(count >= 1 && count <= SCOUT_SERVERS_MAX);
    link_close(scout->link);
    scout->link = NULL;
    memcpy(scout->servers, servers, count * sizeof *servers);
    scout->count = count;
    scout->first = first;
    scout->tried = 0;
    scout->asked = false;
    scout->keeps = false;
    wake_in(scout, 0);
}

void scout_say(struct scout *scout, const char *command, const char *argument)
{
    struct text *output = link_output(scout->link);
    resp_begin(output, argument != NULL ? 2 : 1);
    resp_string(output, command);
    if (argument != NULL) {
        resp_string(output, argument);
    }
    link_send(scout->link);
}

static void on_closed(uv_handle_t *handle)
{
    struct scout *scout = handle->data;
    void (*closed)(void *owner) = scout->closed;
    void *owner = scout->owner;
    free(scout);
    closed(owner);
}

void scout_close(struct scout *scout, void (*closed)(void *owner))
{
    scout->closed = closed;
    link_close(scout->link);
    scout->link = NULL;
    uv_close((uv_handle_t *)&scout->timer, on_closed);
}

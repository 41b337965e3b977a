#include "lib/store/redis/interview.h"

#include "lib/base/moment.h"
#include "lib/store/redis/link.h"

#include <stdlib.h>

struct interview {
    struct redis_endpoint endpoint;
    const struct interview_events *events;
    void *owner;
    struct link *link;
    uv_timer_t limit;
    int64_t began_us, asked_us, connect_us;
    size_t awaited; /* answers */
    bool ended;
};

static void end(struct interview *interview, const struct redis_fault *fault)
{
    link_close(interview->link);
    interview->link = NULL;
    interview->ended = true;
    (void)uv_timer_stop(&interview->limit);
    interview->events->ended(interview->owner, fault);
}

static void ask(struct interview *interview)
{
    interview->awaited = interview->events->ask(interview->owner, link_output(interview->link));
    if (interview->awaited > 0) {
        interview->asked_us = boottime_us();
        link_send(interview->link);
    } else {
        end(interview, NULL);
    }
}

static void on_ready(void *owner)
{
    struct interview *interview = owner;
    interview->connect_us = boottime_us() - interview->began_us;
    ask(interview);
}

static void on_received(void *owner, const struct resp_value *value)
{
    struct interview *interview = owner;
    struct redis_fault fault;
    if (interview->awaited == 0) {
        redis_fault_set(&fault, "malformed", REDIS_RECONNECT,
                        "the server at %s sent an answer that nobody had asked for",
                        interview->endpoint.name);
        end(interview, &fault);
        return;
    }
    interview->awaited--;
    interview->events->answered(interview->owner, value, boottime_us() - interview->asked_us);
    if (interview->link != NULL && interview->awaited == 0) {
        ask(interview);
    }
}

static void on_lost(void *owner, const struct redis_fault *fault)
{
    struct interview *interview = owner;
    struct redis_fault copy = *fault;
    interview->link = NULL;
    end(interview, &copy);
}

static const struct link_events link_events = {
    .ready = on_ready, .received = on_received, .lost = on_lost};

static void on_limit(uv_timer_t *timer)
{
    struct interview *interview = timer->data;
    struct redis_fault fault;
    redis_fault_set(&fault, "timeout", REDIS_RECONNECT,
                    interview->connect_us > 0 ? "the server at %s did not answer in time"
                                              : "no connection to %s in time",
                    interview->endpoint.name);
    end(interview, &fault);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct interview *interview_new(uv_loop_t *loop, const struct redis_endpoint *endpoint,
                                const struct link_manners *manners, int64_t limit_ms,
                                const struct interview_events *events, void *owner)
{
    struct interview *interview = calloc(1, sizeof *interview);
    if (interview == NULL) {
        return NULL;
    }
    interview->endpoint = *endpoint;
    interview->events = events;
    interview->owner = owner;
    interview->began_us = boottime_us();
    (void)uv_timer_init(loop, &interview->limit);
    interview->limit.data = interview;
    interview->link = link_open(loop, &interview->endpoint, manners, &link_events, interview);
    if (interview->link == NULL) {
        interview_close(interview);
        return NULL;
    }
    (void)uv_timer_start(&interview->limit, on_limit, (uint64_t)limit_ms, 0);
    return interview;
}

int64_t interview_connect_us(const struct interview *interview)
{
    return interview->connect_us;
}

void interview_close(struct interview *interview)
{
    if (interview != NULL) {
        link_close(interview->link);
        interview->link = NULL;
        uv_close((uv_handle_t *)&interview->limit, on_closed);
    }
}

/*
 * A stage for stories about one elector: a record, a server with its own clock, and time that moves
 * only when the story says so. Requests wait until the story answers them.
 */
#ifndef LEADERD_TESTS_UNIT_ELECTOR_STAGE_H
#define LEADERD_TESTS_UNIT_ELECTOR_STAGE_H

#include "lib/elector/elector.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define US INSTANCE_OF("a")
#define THEM INSTANCE_OF("b")
#define INSTANCE_OF(letter)                                                                        \
    letter letter letter letter letter letter letter letter letter letter letter letter letter     \
        letter letter letter letter letter letter letter letter letter letter letter letter letter \
            letter letter letter letter letter letter

enum { LEASE_MS = 15000, RENEW_MS = 5000, STOP_MARGIN_MS = 3000, MARGIN_MS = 300 };

struct stage {
    struct elector elector;
    struct elector_options options;
    struct elector_orders orders; /* of the latest step */
    struct lease_request request; /* under way, when `asked` */
    char version[LEASE_VERSION_SIZE];
    bool asked;
    struct moment now;
    int64_t server_ahead_us; /* the server's clock against ours */
    char reign[LEASE_REIGN_SIZE];
    struct lease_record record;
    struct elector_note notes[64]; /* since they were last forgotten */
    unsigned note_count;
};

static inline void stage_take_orders(struct stage *stage)
{
    const struct elector_orders *orders = &stage->orders;
    for (unsigned i = 0; i < orders->note_count && stage->note_count < 64; i++) {
        stage->notes[stage->note_count++] = orders->notes[i];
    }
    if (orders->send) {
        ck_assert_msg(!stage->asked, "a second request while one is under way");
        stage->asked = true;
        stage->request = orders->request;
        (void)snprintf(stage->version, sizeof stage->version, "%s", orders->request.version);
        stage->request.version = stage->version;
    }
}

static inline enum elector_verdict stage_feed(struct stage *stage, struct elector_event event)
{
    elector_step(&stage->elector, stage->now, &event, &stage->orders);
    enum elector_verdict verdict = stage->orders.verdict;
    stage_take_orders(stage);
    return verdict;
}

static inline void stage_tick(struct stage *stage)
{
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_TICK});
}

/* Lets time pass by both clocks, and then looks. */
static inline void stage_wait(struct stage *stage, int64_t ms)
{
    stage->now = moment_plus(stage->now, ms);
    stage_tick(stage);
}

static inline struct lease_server stage_server(const struct stage *stage)
{
    int64_t now_us = stage->now.boot_ms * 1000 + stage->server_ahead_us;
    return (struct lease_server){
        .now_us = now_us, .term_floor_us = now_us, .reign = stage->reign, .restart_guard = true};
}

static inline struct lease_reply stage_apply(struct stage *stage,
                                             const struct lease_request *request)
{
    struct lease_server server = stage_server(stage);
    struct lease_reply reply;
    (void)lease_apply(&stage->record, request, &server, &reply);
    return reply;
}

static inline void stage_reply(struct stage *stage, struct lease_reply *reply)
{
    stage->asked = false;
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_REPLY,
                                                   .reply = reply,
                                                   .holder_interval_ms = RENEW_MS});
}

/* The store carries out the request under way and answers at once. */
static inline enum lease_verb stage_answer(struct stage *stage)
{
    ck_assert_msg(stage->asked, "nothing was asked");
    enum lease_verb verb = stage->request.verb;
    struct lease_reply reply = stage_apply(stage, &stage->request);
    stage_reply(stage, &reply);
    return verb;
}

static inline void stage_answer_as(struct stage *stage, enum lease_outcome outcome)
{
    ck_assert_msg(stage->asked, "nothing was asked");
    struct lease_reply reply = {.id = stage->request.id, .outcome = outcome, .replicated = true};
    stage_reply(stage, &reply);
}

/* Answers whatever is asked until nothing is. */
static inline void stage_settle(struct stage *stage)
{
    for (int i = 0; stage->asked && i < 20; i++) {
        (void)stage_answer(stage);
    }
    ck_assert_msg(!stage->asked, "it asks without end");
}

/* Lets `ms` pass, waking the elector when it wants and answering at once. */
static inline void stage_live(struct stage *stage, int64_t ms)
{
    stage_settle(stage);
    while (ms > 0) {
        int64_t step_ms = stage->orders.wake_in_ms < ms ? stage->orders.wake_in_ms : ms;
        stage_wait(stage, step_ms);
        stage_settle(stage);
        ms -= step_ms;
    }
}

static inline struct lease_request stage_their_request(enum lease_verb verb)
{
    return (struct lease_request){.verb = verb,
                                  .election = "e",
                                  .instance = THEM,
                                  .participant = "them",
                                  .meta = "",
                                  .lease_ms = LEASE_MS,
                                  .version = ""};
}

/* Somebody else takes the free record. */
static inline void stage_they_lead(struct stage *stage)
{
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    struct lease_request take = stage_their_request(LEASE_ACQUIRE);
    (void)stage_apply(stage, &open);
    struct lease_reply reply = stage_apply(stage, &take);
    ck_assert_int_eq(reply.outcome, LEASE_ACQUIRED);
}

static inline void stage_they_renew(struct stage *stage)
{
    struct lease_request renew = stage_their_request(LEASE_RENEW);
    renew.term = stage->record.term;
    renew.n = stage->record.n + 1;
    renew.n_acked = stage->record.n;
    struct lease_reply reply = stage_apply(stage, &renew);
    ck_assert_int_eq(reply.outcome, LEASE_RENEWED);
}

static inline void stage_begin(struct stage *stage, const struct elector_memo *memo)
{
    elector_init(&stage->elector, &stage->options, memo, US, 1, stage->now);
    stage_tick(stage);
}

static inline struct stage *stage_new(void)
{
    static struct stage stage;
    stage = (struct stage){.now = {.boot_ms = 1000000000, .raw_ms = 900000000},
                           .server_ahead_us = INT64_C(1700000000000000),
                           .reign = "r1",
                           .record = {.state = LEASE_ABSENT, .meta = ""},
                           .options = {.participant = "us",
                                       .lease_ms = LEASE_MS,
                                       .renew_interval_ms = RENEW_MS,
                                       .retry_interval_ms = 2000,
                                       .operation_timeout_ms = 2000,
                                       .stop_margin_ms = STOP_MARGIN_MS}};
    return &stage;
}

/* A stage on which we have just come to lead. */
static inline struct stage *stage_leading(void)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    stage_settle(stage);
    ck_assert(elector_leads(&stage->elector, stage->now));
    return stage;
}

static inline bool stage_leads(const struct stage *stage)
{
    return elector_leads(&stage->elector, stage->now);
}

static inline enum elector_state stage_state(const struct stage *stage)
{
    struct elector_view view;
    elector_look(&stage->elector, stage->now, &view);
    return view.state;
}

static inline const struct elector_note *stage_noted(const struct stage *stage,
                                                     enum elector_note_kind kind)
{
    for (unsigned i = 0; i < stage->note_count; i++) {
        if (stage->notes[i].kind == kind) {
            return &stage->notes[i];
        }
    }
    return NULL;
}

#endif

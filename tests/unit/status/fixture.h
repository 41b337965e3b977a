/*
 * A daemon, a leader and a follower at one moment, for the tests of lib/status.
 */
#ifndef LEADERD_TESTS_UNIT_STATUS_FIXTURE_H
#define LEADERD_TESTS_UNIT_STATUS_FIXTURE_H

#include "lib/status/document.h"

static const struct elector_leader web_1 = {
    .participant = "web-1", .instance = "4b1f00000000000000000000000000ff", .term = 42};
static const struct elector_leader web_2 = {
    .participant = "web-2", .instance = "77770000000000000000000000000000", .term = 41};
static const struct elector_leader nobody = {.term = 0};

/* 2026-11-23T03:01:15.120Z */
#define WALL_MS INT64_C(1795402875120)
#define BOOT_MS INT64_C(1882407)

static inline struct elector_view leader_view(void)
{
    return (struct elector_view){
        .state = ELECTOR_LEADER,
        .leads = true,
        .participating = true,
        .lease_valid = true,
        .instance = web_1.instance,
        .term = 42,
        .remaining_ms = 11873,
        .deadline_boottime_ms = BOOT_MS + 11873,
        .last_renewed_boottime_ms = BOOT_MS - 2827,
        .lease_ms = 15000,
        .renew_interval_ms = 5000,
        .stop_margin_ms = 3000,
        .leader_known = true,
        .leader_is_self = true,
        .leader = &web_1,
        .previous_leader = &web_2,
        .leader_ttl_ms = 12204,
        .waiting = ELECTOR_WAITING_NOT,
    };
}

static inline struct elector_view waiting_view(enum elector_state state,
                                               enum elector_waiting waiting)
{
    return (struct elector_view){
        .state = state,
        .participating = true,
        .instance = web_1.instance,
        .lease_ms = 15000,
        .renew_interval_ms = 5000,
        .stop_margin_ms = 3000,
        .leader = &nobody,
        .previous_leader = &nobody,
        .waiting = waiting,
        .waiting_ms = 8200,
    };
}

static inline struct status_election election_of(const struct elector_view *view)
{
    return (struct status_election){
        .name = "billing",
        .key = "leader-election:billing",
        .participant = "web-1",
        .view = view,
        .leading_for_ms = -1,
        .stability = {.is_stable = true},
    };
}

static inline struct status_daemon daemon_at_work(void)
{
    return (struct status_daemon){
        .version = "0.1.0",
        .pid = 7,
        .hostname = "web-1",
        .started_at_ms = WALL_MS - 1000,
        .started_boottime_ms = BOOT_MS - 1000,
        .config_file = "/etc/leaderd/leaderd.yaml",
        .instance_id = "9f2c1a7e5b3d4c60",
        .cursor_version = 17,
        .clock = {.boottime_ms = BOOT_MS, .wall_ms = WALL_MS, .boot_id = "472e652e"},
        .health = "healthy",
        .health_checked_at_ms = WALL_MS - 500,
        .store = {.kind = "redis",
                  .mode = "standalone",
                  .endpoint = "10.0.0.5:6379",
                  .tls = true,
                  .connected = true,
                  .last_ok_ms = BOOT_MS - 412,
                  .circuit = "closed"},
    };
}

#endif

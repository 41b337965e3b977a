#include "tests/unit/check_main.h"
#include "tests/unit/status/fixture.h"

#include <jansson.h>
#include <string.h>

#define LEADER_OBJECT                                                                              \
    "\"name\":\"billing\",\"key\":\"leader-election:billing\",\"participant_id\":\"web-1\","       \
    "\"state\":\"leader\",\"is_leader\":true,\"participating\":true,\"fencing_token\":42,"         \
    "\"leader\":{\"participant_id\":\"web-1\",\"instance_id\":"                                    \
    "\"4b1f00000000000000000000000000ff\",\"is_self\":true,"                                       \
    "\"acquired_at\":\"2026-11-23T02:00:04.118Z\",\"leading_for_ms\":3671002,\"ttl_ms\":12204,"    \
    "\"metadata\":{\"node\":\"n1\"}},"                                                             \
    "\"previous_leader\":{\"participant_id\":\"web-2\",\"fencing_token\":41},"                     \
    "\"lease\":{\"valid\":true,\"duration_ms\":15000,\"renew_interval_ms\":5000,"                  \
    "\"stop_margin_ms\":3000,\"remaining_ms\":11873,\"deadline_boottime_ms\":1894280,"             \
    "\"expires_at\":\"2026-11-23T03:01:26.993Z\",\"last_renewed_at\":"                             \
    "\"2026-11-23T03:01:12.293Z\"},"                                                               \
    "\"waiting\":null,\"drain\":null,\"hold_off\":null,"                                           \
    "\"last_error\":{\"operation\":\"renew\",\"code\":\"timeout\",\"message\":\"no \\\"answer\\\"" \
    "\",\"at\":\"2026-11-23T03:01:15.110Z\"},"                                                     \
    "\"stability\":{\"changes_last_10m\":0,\"changes_last_1h\":2,\"is_stable\":true,"              \
    "\"last_change_at\":\"2026-11-23T03:01:14.120Z\"}"

#define ORIGIN                                                                 \
    "\"instance_id\":\"9f2c1a7e5b3d4c60\",\"cursor\":\"9f2c1a7e5b3d4c60.17\"," \
    "\"generated_at\":\"2026-11-23T03:01:15.120Z\","                           \
    "\"clock\":{\"boottime_ms\":1882407,\"boot_id\":\"472e652e\"}"

static struct text text;
static struct status_daemon at_work;

static void set_up(void)
{
    at_work = daemon_at_work();
}

static void tear_down(void)
{
    text_free(&text);
}

static struct status_election leading(const struct elector_view *view)
{
    struct status_election election = election_of(view);
    election.leader_metadata = "{\"node\":\"n1\"}";
    election.acquired_at_ms = WALL_MS - 3671002;
    election.leading_for_ms = 3671002;
    election.last_error = (struct status_error){"renew", "timeout", "no \"answer\"", WALL_MS - 10};
    election.stability = (struct stability_view){0, 2, true, WALL_MS - 1000};
    return election;
}

static json_t *parse(void)
{
    ck_assert(!text.failed);
    json_t *root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

static json_t *render(const struct status_election *election)
{
    text_clear(&text);
    status_add_election(&text, election, &at_work);
    return parse();
}

START_TEST(an_election_is_shown_as_the_contract_says)
{
    struct elector_view view = leader_view();
    struct status_election election = leading(&view);
    status_add_election(&text, &election, &at_work);
    ck_assert_str_eq(text.bytes, "{" ORIGIN "," LEADER_OBJECT "}\n");
    json_decref(parse());
}
END_TEST

START_TEST(the_document_holds_daemon_store_and_elections)
{
    struct elector_view view = leader_view();
    struct status_election election = leading(&view);
    struct status_document document;
    status_document_begin(&document, &text, &at_work, NULL);
    status_document_add(&document, &election);
    status_document_end(&document);
    ck_assert_str_eq(
        text.bytes,
        "{\"api_version\":1," ORIGIN
        ",\"shutting_down\":false,\"daemon\":{\"version\":\"0.1.0\",\"pid\":7,\"hostname\":"
        "\"web-1\",\"started_at\":\"2026-11-23T03:01:14.120Z\",\"uptime_ms\":1000,"
        "\"config_file\":\"/etc/leaderd/leaderd.yaml\"},"
        "\"health\":{\"status\":\"healthy\",\"checked_at\":\"2026-11-23T03:01:14.620Z\"},"
        "\"store\":{\"kind\":\"redis\",\"mode\":\"standalone\",\"endpoint\":\"10.0.0.5:6379\","
        "\"tls\":true,\"connected\":true,\"last_ok_age_ms\":412,\"circuit\":\"closed\","
        "\"last_error\":null},\"elections\":{\"billing\":{" LEADER_OBJECT "}}}\n");
    json_decref(parse());
}
END_TEST

START_TEST(a_watch_says_changed_and_reset)
{
    struct elector_view view = leader_view();
    struct status_election one = election_of(&view);
    struct status_election two = election_of(&view);
    two.name = "mail";
    struct status_watch watch = {.changed = true, .reset = false};
    struct status_document document;
    status_document_begin(&document, &text, &at_work, &watch);
    status_document_add(&document, &one);
    status_document_add(&document, &two);
    status_document_end(&document);
    json_t *root = parse();
    ck_assert(json_is_true(json_object_get(root, "changed")));
    ck_assert(json_is_false(json_object_get(root, "reset")));
    ck_assert_uint_eq(json_object_size(json_object_get(root, "elections")), 2);
    json_decref(root);
}
END_TEST

START_TEST(unknown_is_null_and_never_absent)
{
    at_work = (struct status_daemon){.instance_id = "00", .clock = {.wall_ms = WALL_MS}};
    struct elector_view view = waiting_view(ELECTOR_CANDIDATE, ELECTOR_WAITING_FREE);
    struct status_election election = election_of(&view);
    struct status_document document;
    status_document_begin(&document, &text, &at_work, NULL);
    status_document_add(&document, &election);
    status_document_end(&document);
    json_t *root = parse();
    const char *const nulls[] = {"clock.boot_id",
                                 "health.status",
                                 "health.checked_at",
                                 "daemon.config_file",
                                 "daemon.started_at",
                                 "store.last_ok_age_ms",
                                 "store.last_error",
                                 "elections.billing.leader",
                                 "elections.billing.fencing_token",
                                 "elections.billing.waiting",
                                 "elections.billing.drain",
                                 "elections.billing.hold_off",
                                 "elections.billing.previous_leader",
                                 "elections.billing.last_error",
                                 "elections.billing.lease.deadline_boottime_ms",
                                 "elections.billing.lease.expires_at",
                                 "elections.billing.lease.last_renewed_at",
                                 "elections.billing.stability.last_change_at"};
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) {
        struct text out = {0};
        ck_assert_msg(status_add_field(&out, text.bytes, text.length, nulls[i]), "%s", nulls[i]);
        ck_assert_str_eq(out.bytes, "null\n");
        text_free(&out);
    }
    json_decref(root);
}
END_TEST

START_TEST(every_state_has_its_word)
{
    static const char *const words[] = {
        [ELECTOR_STARTING] = "starting",   [ELECTOR_CANDIDATE] = "candidate",
        [ELECTOR_FOLLOWER] = "follower",   [ELECTOR_LEADER] = "leader",
        [ELECTOR_DRAINING] = "draining",   [ELECTOR_HELD_OFF] = "held_off",
        [ELECTOR_PAUSED] = "paused",       [ELECTOR_OBSERVER] = "observer",
        [ELECTOR_UNREACHABLE] = "unknown", [ELECTOR_STOPPED] = "stopped"};
    struct elector_view view = waiting_view((enum elector_state)_i, ELECTOR_WAITING_FREE);
    struct status_election election = election_of(&view);
    json_t *root = render(&election);
    ck_assert_str_eq(json_string_value(json_object_get(root, "state")), words[_i]);
    json_decref(root);
}
END_TEST

static const struct {
    enum elector_state state;
    enum elector_waiting waiting;
    const char *reason, *message;
} waits[] = {
    {ELECTOR_FOLLOWER, ELECTOR_WAITING_HOLDER_ALIVE, "holder_alive",
     "web-2 leads and keeps renewing the lease"},
    {ELECTOR_FOLLOWER, ELECTOR_WAITING_HOLDER_SILENT, "holder_silent",
     "web-2 holds the lease and has stopped renewing it; this participant may take it in 8.2s"},
    {ELECTOR_CANDIDATE, ELECTOR_WAITING_RESTART_GUARD, "restart_guard",
     "The store holds no record of this election that can be trusted: waiting one lease (15.0s) "
     "in case data was lost or the lease was vacated; after a loss `leaderd bootstrap billing` "
     "skips this"},
    {ELECTOR_HELD_OFF, ELECTOR_WAITING_HOLD_OFF, "hold_off",
     "This participant stepped down and lets the others go first; it campaigns again in 8.2s"},
    {ELECTOR_CANDIDATE, ELECTOR_WAITING_UNHEALTHY, "unhealthy",
     "The workload here is not known to be healthy yet: this participant does not campaign until "
     "its health check passes"},
    {ELECTOR_STARTING, ELECTOR_WAITING_STORE_UNREACHABLE, "store_unreachable",
     "The store has not answered yet"},
    {ELECTOR_UNREACHABLE, ELECTOR_WAITING_STORE_UNREACHABLE, "store_unreachable",
     "The store does not answer: nobody can be elected from here until it does"},
    {ELECTOR_PAUSED, ELECTOR_WAITING_PAUSED, NULL, NULL},
    {ELECTOR_CANDIDATE, ELECTOR_WAITING_FREE, NULL, NULL},
    {ELECTOR_LEADER, ELECTOR_WAITING_NOT, NULL, NULL},
    {ELECTOR_DRAINING, ELECTOR_WAITING_HOLDER_ALIVE, NULL, NULL},
};

START_TEST(every_wait_has_a_reason_and_a_sentence)
{
    struct elector_view view = waiting_view(waits[_i].state, waits[_i].waiting);
    if (waits[_i].state == ELECTOR_FOLLOWER) {
        view.leader_known = true;
        view.leader = &web_2;
    }
    struct status_election election = election_of(&view);
    json_t *root = render(&election);
    json_t *waiting = json_object_get(root, "waiting");
    if (waits[_i].reason == NULL) {
        ck_assert(json_is_null(waiting));
    } else {
        ck_assert_str_eq(json_string_value(json_object_get(waiting, "reason")), waits[_i].reason);
        ck_assert_str_eq(json_string_value(json_object_get(waiting, "message")), waits[_i].message);
        ck_assert_int_eq(json_integer_value(json_object_get(waiting, "remaining_ms")), 8200);
    }
    json_decref(root);
}
END_TEST

START_TEST(the_last_word_of_a_health_check_is_shown)
{
    struct elector_view view = waiting_view(ELECTOR_CANDIDATE, ELECTOR_WAITING_UNHEALTHY);
    struct status_election election = election_of(&view);
    election.illness = "127.0.0.1: answered with status 503";
    json_t *root = render(&election);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(root, "waiting"), "message")),
        "The workload here is unhealthy (127.0.0.1: answered with status 503): this participant "
        "does not campaign until its health check passes");
    json_decref(root);
}
END_TEST

START_TEST(a_drain_and_a_hold_off_are_shown)
{
    struct elector_view view = leader_view();
    view.state = ELECTOR_DRAINING;
    view.leads = false;
    view.reason = ELECTOR_STEPPED_DOWN;
    view.drain_left_ms = 900;
    view.drain_until_boottime_ms = BOOT_MS + 900;
    view.hold_off_left_ms = 30000;
    view.hold_off_until_boottime_ms = BOOT_MS + 30000;
    struct status_election election = election_of(&view);
    status_add_election(&text, &election, &at_work);
    ck_assert_ptr_nonnull(strstr(text.bytes, ",\"is_leader\":false,"));
    ck_assert_ptr_nonnull(
        strstr(text.bytes, ",\"drain\":{\"remaining_ms\":900,\"deadline_boottime_ms\":1883307},"
                           "\"hold_off\":{\"remaining_ms\":30000,\"until_boottime_ms\":1912407,"
                           "\"reason\":\"stepped_down\"},"));
    election.hold_off_reason = "upgrade";
    json_t *root = render(&election);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(root, "hold_off"), "reason")), "upgrade");
    json_decref(root);
}
END_TEST

START_TEST(nobody_leads_here_while_shutting_down)
{
    struct elector_view view = leader_view();
    struct status_election election = election_of(&view);
    at_work.shutting_down = true;
    json_t *root = render(&election);
    ck_assert(json_is_false(json_object_get(root, "is_leader")));
    json_decref(root);
}
END_TEST

START_TEST(a_hostile_participant_cannot_break_the_answer)
{
    static const struct elector_leader hostile = {
        .participant = "\xff\"},\n\x1b[2J\x01", .instance = "\\", .term = 9};
    struct elector_view view = leader_view();
    view.leader = &hostile;
    view.leader_is_self = false;
    struct status_election election = election_of(&view);
    json_t *root = render(&election);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(root, "leader"), "participant_id")),
        "\xef\xbf\xbd\"},\n\x1b[2J\x01");
    json_decref(root);
    text_clear(&text);
    status_add_election_text(&text, &election, &at_work);
    ck_assert_ptr_null(strchr(text.bytes, '\x1b'));
}
END_TEST

START_TEST(the_check_body_is_short)
{
    struct elector_view view = leader_view();
    struct status_election election = election_of(&view);
    status_add_check(&text, &election, &at_work);
    ck_assert_str_eq(text.bytes,
                     "{\"election\":\"billing\",\"is_leader\":true,\"state\":\"leader\","
                     "\"participant_id\":\"web-1\",\"leader\":\"web-1\",\"fencing_token\":42,"
                     "\"remaining_ms\":11873}\n");
    text_clear(&text);
    view = waiting_view(ELECTOR_CANDIDATE, ELECTOR_WAITING_FREE);
    status_add_check(&text, &election, &at_work);
    ck_assert_str_eq(text.bytes,
                     "{\"election\":\"billing\",\"is_leader\":false,\"state\":\"candidate\","
                     "\"participant_id\":\"web-1\",\"leader\":null,\"fencing_token\":null,"
                     "\"remaining_ms\":0}\n");
    text_clear(&text);
    status_add_check_text(&text, &election, &at_work);
    ck_assert_str_eq(text.bytes, "billing: is leader false, state candidate, leader none\n");
    text_clear(&text);
    view = leader_view();
    status_add_check_text(&text, &election, &at_work);
    ck_assert_str_eq(text.bytes, "billing: is leader true, state leader, leader web-1, lease ends "
                                 "in 11.8s\n");
}
END_TEST

START_TEST(the_text_form_has_a_line_for_everything)
{
    struct elector_view view = leader_view();
    struct status_election election = leading(&view);
    status_add_election_text(&text, &election, &at_work);
    ck_assert_str_eq(text.bytes,
                     "=== Leadership Status ===\n"
                     "Election:             billing\n"
                     "Participant:          web-1\n"
                     "Is leader:            true\n"
                     "State:                leader\n"
                     "Current leader:       web-1 (this participant)\n"
                     "Leader since:         2026-11-23T02:00:04.118Z\n"
                     "Leadership duration:  1h 1m 11s\n"
                     "Lease expires:        2026-11-23T03:01:26.993Z\n"
                     "Time to expiry:       11.8s\n"
                     "Lease valid:          true\n"
                     "Fencing token:        42\n"
                     "Last error:           renew: no \"answer\"\n"
                     "Stable:               true (changes of leader: 0 in 10 minutes, 2 in an "
                     "hour)\n"
                     "Metadata:             {\"node\":\"n1\"}\n"
                     "Status retrieved:     2026-11-23T03:01:15.120Z\n");
}
END_TEST

START_TEST(the_text_form_says_what_is_awaited_and_what_is_unknown)
{
    struct elector_view view = waiting_view(ELECTOR_STARTING, ELECTOR_WAITING_STORE_UNREACHABLE);
    struct status_election election = election_of(&view);
    status_add_election_text(&text, &election, &at_work);
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nCurrent leader:       none\nLease valid:"));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nFencing token:        unknown\nWaiting:      "));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nIs leader:            false\n"));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nLease valid:          false\n"));
    ck_assert_ptr_null(strstr(text.bytes, "\nMetadata:"));
    text_clear(&text);
    view.leader_known = true; /* of a lease of somebody else the store's word is told */
    view.leader = &web_2;
    view.leader_ttl_ms = 12204;
    election.leading_for_ms = 0;
    election.stability.is_stable = false;
    status_add_election_text(&text, &election, &at_work);
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nCurrent leader:       web-2\n"));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nLeadership duration:  0ms\n"));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nTime to expiry:       12.2s\n"));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nStable:               false ("));
    text_clear(&text);
    election = election_of(&view);
    view = leader_view();
    view.state = ELECTOR_DRAINING;
    view.drain_left_ms = 1500;
    view.hold_off_until_boottime_ms = 1;
    view.hold_off_left_ms = 90000;
    status_add_election_text(&text, &election, &at_work);
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nLeader since:         unknown\n"
                                             "Leadership duration:  unknown\n"));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nDrain ends in:        1.5s\n"
                                             "Held off for:         1m 30s\n"));
    ck_assert_ptr_nonnull(strstr(text.bytes, "\nMetadata:             {}\n"));
    text_clear(&text);
    at_work.shutting_down = true;
    status_add_daemon_text(&text, &at_work);
    ck_assert_str_eq(text.bytes, "The daemon is shutting down.\n");
}
END_TEST

START_TEST(trouble_with_the_store_is_told_first)
{
    status_add_daemon_text(&text, &at_work);
    ck_assert_uint_eq(text.length, 0);
    at_work.store.connected = false;
    at_work.store.last_error = "connection refused";
    status_add_daemon_text(&text, &at_work);
    ck_assert_str_eq(text.bytes,
                     "The store (redis, 10.0.0.5:6379) is not connected: connection refused\n");
}
END_TEST

static const struct {
    const char *path, *value;
} fields[] = {
    {"a", "{\"b\":true,\"c.d\":{\"e\":\"te\\\"xt\"}}\n"},
    {"a.b", "true\n"},
    {"a.c.d.e", "te\"xt\n"},
    {"n", "null\n"},
    {"x.y", "42\n"},
    {"z", "dot\n"},
    {"", NULL},
    {".", NULL},
    {"a.", NULL},
    {"a.b.c", NULL},
    {"list.0", NULL},
    {"A", NULL},
};

START_TEST(a_field_is_answered_bare)
{
    static const char json[] = "{\"a\":{\"b\":true,\"c.d\":{\"e\":\"te\\\"xt\"}},\"n\":null,"
                               "\"x\":{\"q\":1},\"x.y\":42,\"list\":[1],\"z\":\"dot\"}\n";
    bool found = status_add_field(&text, json, sizeof json - 1, fields[_i].path);
    ck_assert(found == (fields[_i].value != NULL));
    if (found) {
        ck_assert_str_eq(text.bytes, fields[_i].value);
    } else {
        ck_assert_uint_eq(text.length, 0);
    }
}
END_TEST

START_TEST(a_path_without_end_is_refused)
{
    char path[2000];
    memset(path, '.', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert(!status_add_field(&text, "{\"\":{}}", 7, path));
    path[500] = '\0';
    ck_assert(!status_add_field(&text, "{\"\":{}}", 7, path));
}
END_TEST

static Suite *document_suite(void)
{
    Suite *suite = suite_create("document");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_add_test(rules, an_election_is_shown_as_the_contract_says);
    tcase_add_test(rules, the_document_holds_daemon_store_and_elections);
    tcase_add_test(rules, a_watch_says_changed_and_reset);
    tcase_add_test(rules, unknown_is_null_and_never_absent);
    tcase_add_loop_test(rules, every_state_has_its_word, ELECTOR_STARTING, ELECTOR_STOPPED + 1);
    tcase_add_loop_test(rules, every_wait_has_a_reason_and_a_sentence, 0,
                        sizeof waits / sizeof waits[0]);
    tcase_add_test(rules, the_last_word_of_a_health_check_is_shown);
    tcase_add_test(rules, a_drain_and_a_hold_off_are_shown);
    tcase_add_test(rules, nobody_leads_here_while_shutting_down);
    tcase_add_test(rules, a_hostile_participant_cannot_break_the_answer);
    tcase_add_test(rules, the_check_body_is_short);
    tcase_add_test(rules, the_text_form_has_a_line_for_everything);
    tcase_add_test(rules, the_text_form_says_what_is_awaited_and_what_is_unknown);
    tcase_add_test(rules, trouble_with_the_store_is_told_first);
    tcase_add_loop_test(rules, a_field_is_answered_bare, 0, sizeof fields / sizeof fields[0]);
    tcase_add_test(rules, a_path_without_end_is_refused);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(document_suite)

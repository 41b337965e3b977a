#include "lib/status/events.h"

#include "tests/unit/check_main.h"

#include <jansson.h>
#include <string.h>

static struct events *events;
static struct text text;

static void set_up(void)
{
    events = events_new();
    ck_assert_ptr_nonnull(events);
}

static void tear_down(void)
{
    events_free(events);
    text_free(&text);
}

static void add_many(int count, const char *election)
{
    for (int i = 0; i < count; i++) {
        struct event event = {.type = EVENT_LEADER_CHANGED, .at_ms = 1000, .election = election};
        events_add(events, &event);
    }
}

static json_t *render(const char *election, int64_t after, int64_t limit)
{
    struct events_query query = {.election = election, .after = after, .limit = limit};
    text_clear(&text);
    events_render(events, &text, "9f2c", &query);
    json_t *root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    return root;
}

static int64_t number(const json_t *root, const char *key)
{
    ck_assert(json_is_integer(json_object_get(root, key)));
    return json_integer_value(json_object_get(root, key));
}

/* First and last id shown, and how many; then forgets the answer. */
static void assert_shown(json_t *root, int64_t first, int64_t last, size_t count)
{
    json_t *shown = json_object_get(root, "events");
    ck_assert_uint_eq(json_array_size(shown), count);
    if (count > 0) {
        ck_assert_int_eq(number(json_array_get(shown, 0), "id"), first);
        ck_assert_int_eq(number(json_array_get(shown, count - 1), "id"), last);
    }
    json_decref(root);
}

START_TEST(an_event_has_all_members)
{
    struct event event = {.type = EVENT_LEADERSHIP_LOST,
                          .at_ms = 1000,
                          .boottime_ms = 77,
                          .election = "billing",
                          .reason = "expired",
                          .fencing_token = 42,
                          .leader = "web-2",
                          .previous_leader = "web-1",
                          .message = "over"};
    events_add(events, &event);
    event = (struct event){.type = EVENT_STORE_CONNECTED, .at_ms = 2000, .boottime_ms = 78};
    events_add(events, &event);
    json_decref(render(NULL, -1, 256));
    ck_assert_str_eq(
        text.bytes,
        "{\"instance_id\":\"9f2c\",\"first_id\":1,\"last_id\":2,\"dropped\":0,\"events\":["
        "{\"id\":1,\"at\":\"1970-01-01T00:00:01.000Z\",\"boottime_ms\":77,\"election\":"
        "\"billing\",\"type\":\"leadership_lost\",\"reason\":\"expired\",\"fencing_token\":42,"
        "\"leader\":\"web-2\",\"previous_leader\":\"web-1\",\"message\":\"over\"},"
        "{\"id\":2,\"at\":\"1970-01-01T00:00:02.000Z\",\"boottime_ms\":78,\"election\":null,"
        "\"type\":\"store_connected\",\"reason\":null,\"fencing_token\":null,\"leader\":null,"
        "\"previous_leader\":null,\"message\":null}]}\n");
}
END_TEST

START_TEST(no_events_is_an_empty_list)
{
    json_decref(render(NULL, -1, 256));
    ck_assert_str_eq(text.bytes, "{\"instance_id\":\"9f2c\",\"first_id\":0,\"last_id\":0,"
                                 "\"dropped\":0,\"events\":[]}\n");
}
END_TEST

START_TEST(the_oldest_are_dropped_and_counted)
{
    add_many(EVENTS_KEPT + 10, "a");
    json_t *root = render(NULL, -1, 256);
    ck_assert_int_eq(number(root, "first_id"), 11);
    ck_assert_int_eq(number(root, "last_id"), EVENTS_KEPT + 10);
    ck_assert_int_eq(number(root, "dropped"), 10);
    assert_shown(root, 11, EVENTS_KEPT + 10, EVENTS_KEPT);
    root = render(NULL, 4, 256);
    ck_assert_int_eq(number(root, "dropped"), 6);
    assert_shown(root, 11, EVENTS_KEPT + 10, EVENTS_KEPT);
    root = render(NULL, 20, 256);
    ck_assert_int_eq(number(root, "dropped"), 0);
    assert_shown(root, 21, EVENTS_KEPT + 10, EVENTS_KEPT - 10);
}
END_TEST

START_TEST(a_limit_shows_the_last_and_pages_forward)
{
    add_many(20, "a");
    assert_shown(render(NULL, -1, 5), 16, 20, 5);
    assert_shown(render(NULL, 0, 5), 1, 5, 5);
    assert_shown(render(NULL, 5, 5), 6, 10, 5);
    assert_shown(render(NULL, 18, 5), 19, 20, 2);
    assert_shown(render(NULL, 20, 5), 0, 0, 0);
    assert_shown(render(NULL, INT64_MAX - 1, 5), 0, 0, 0);
}
END_TEST

START_TEST(one_election_may_be_asked_for)
{
    add_many(3, "a");
    add_many(4, "b");
    add_many(2, "a");
    assert_shown(render("a", -1, 256), 1, 9, 5);
    assert_shown(render("b", -1, 2), 6, 7, 2);
    assert_shown(render("b", 5, 256), 6, 7, 2);
    assert_shown(render("c", -1, 256), 0, 0, 0);
}
END_TEST

START_TEST(long_strings_are_cut_between_characters)
{
    char message[EVENT_MESSAGE_MAX + 40];
    memset(message, 'x', sizeof message);
    memcpy(message + EVENT_MESSAGE_MAX - 1, "\xc3\xa4", 2);
    message[sizeof message - 1] = '\0';
    struct event event = {.type = EVENT_OPERATION_ERROR, .at_ms = 1, .message = message};
    events_add(events, &event);
    json_t *root = render(NULL, -1, 1);
    json_t *shown = json_array_get(json_object_get(root, "events"), 0);
    const char *kept = json_string_value(json_object_get(shown, "message"));
    ck_assert_uint_eq(strlen(kept), EVENT_MESSAGE_MAX - 1);
    json_decref(root);
}
END_TEST

START_TEST(a_person_reads_one_line_for_each)
{
    struct event event = {.type = EVENT_PAUSED,
                          .at_ms = 1795402875120,
                          .election = "billing",
                          .message = "by \"ops\"\n"};
    events_add(events, &event);
    add_many(3, "other");
    events_add(events, &event);
    struct events_query query = {.election = "billing", .after = -1, .limit = 5};
    events_render_text(events, &text, &query);
    ck_assert_str_eq(text.bytes,
                     "2026-11-23T03:01:15.120Z  billing    paused                     \"by "
                     "\\\"ops\\\"\\n\"\n"
                     "2026-11-23T03:01:15.120Z  billing    paused                     \"by "
                     "\\\"ops\\\"\\n\"\n");
    query.limit = 1;
    text_clear(&text);
    events_render_text(events, &text, &query);
    ck_assert_uint_eq(text.length, strlen(strchr(text.bytes, '\n')) + strcspn(text.bytes, "\n"));
}
END_TEST

START_TEST(every_type_has_a_word)
{
    ck_assert_ptr_nonnull(event_type_name((enum event_type)_i));
}
END_TEST

static Suite *events_suite(void)
{
    Suite *suite = suite_create("events");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_add_test(rules, an_event_has_all_members);
    tcase_add_test(rules, no_events_is_an_empty_list);
    tcase_add_test(rules, the_oldest_are_dropped_and_counted);
    tcase_add_test(rules, a_limit_shows_the_last_and_pages_forward);
    tcase_add_test(rules, one_election_may_be_asked_for);
    tcase_add_test(rules, long_strings_are_cut_between_characters);
    tcase_add_test(rules, a_person_reads_one_line_for_each);
    tcase_add_loop_test(rules, every_type_has_a_word, EVENT_STARTED, EVENT_SHUTDOWN + 1);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(events_suite)

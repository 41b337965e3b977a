/* Random histories: every store must agree with the table of rules, call by call.
 *
 * The store is asked, and lease_apply() is asked the same with the time and the reign that the
 * store's answer names. Outcome, version and every field must be the same. SEED=n for another
 * history. */
#include "tests/conformance/driver.h"
#include "tests/unit/check_main.h"

#include "lib/base/prng.h"

enum { CALLS_LOCAL = 1500, CALLS = 4000, RESTART_ONE_IN = 60 };

static struct client client;
static struct prng prng;

static struct oracle {
    struct lease_record record;
    char meta[64];
    char version[LEASE_VERSION_SIZE]; /* the latest, sometimes claimed as seen */
    int64_t term;                     /* the latest */
} oracle;

static void fill_random(struct lease_request *request, enum lease_verb verb)
{
    static const char *const instances[] = {ME, OTHER, "0123456789abcdef0123456789abcdef"};
    static const int64_t steps[] = {-1, 0, 0, 0, 1, 5};
    const struct lease_record *record = &oracle.record;
    request->verb = verb;
    request->instance = instances[prng_below(&prng, 3)];
    if (prng_below(&prng, 2) == 0 && record->instance[0] != '\0') {
        request->instance = record->instance;
    }
    request->lease_ms = 1000 + prng_below(&prng, 3) * 7000;
    request->term = oracle.term + steps[prng_below(&prng, 6)];
    request->term = request->term < 0 ? 0 : request->term;
    request->n = record->n + prng_below(&prng, 4);
    request->n = request->n > 1000000 ? prng_below(&prng, 5) : request->n;
    request->n_acked = request->n - prng_below(&prng, 4);
    request->n_acked = request->n_acked < 0 ? 0 : request->n_acked;
    request->version = prng_below(&prng, 2) == 0 ? oracle.version : "";
    request->force = prng_below(&prng, 2) == 0;
}

static void expect_same(const struct lease_reply *theirs, const struct lease_reply *ours,
                        bool local)
{
    ck_assert_int_eq(theirs->outcome, ours->outcome);
    ck_assert_int_eq(theirs->record.state, ours->record.state);
    ck_assert_int_eq(theirs->record.n, ours->record.n);
    ck_assert_str_eq(theirs->record.instance, ours->record.instance);
    ck_assert_str_eq(theirs->record.participant, ours->record.participant);
    ck_assert_int_eq(theirs->record.lease_ms, ours->record.lease_ms);
    ck_assert_int_eq(theirs->fresh, ours->fresh);
    ck_assert_int_eq(theirs->left_ms, ours->left_ms);
    ck_assert_int_eq(theirs->age_ms, ours->age_ms);
    if (local) {
        ck_assert_int_ge(theirs->record.term, ours->record.term);
    } else {
        ck_assert_int_eq(theirs->record.term, ours->record.term);
        ck_assert_str_eq(theirs->version, ours->version);
    }
}

static void one_call(enum lease_verb verb, bool local)
{
    struct test_call call;
    struct lease_reply ours;
    char reign[LEASE_REIGN_SIZE];
    char version[LEASE_VERSION_SIZE];
    struct lease_request request = request_of(verb, "billing");
    fill_random(&request, verb);
    char instance[LEASE_INSTANCE_SIZE];
    (void)snprintf(instance, sizeof instance, "%s", request.instance);
    (void)snprintf(version, sizeof version, "%s", request.version);
    request.instance = instance;
    request.version = version;
    const struct lease_reply *theirs = ask(&client, &call, &request);
    ck_assert_msg(theirs->outcome != LEASE_FAILED, "%s", theirs->problem.text);
    (void)snprintf(reign, sizeof reign, "%.*s", (int)strcspn(theirs->version, ":"),
                   theirs->version);
    struct lease_server server = {.now_us = theirs->server_us,
                                  .term_floor_us = local ? 0 : theirs->server_us,
                                  .reign = reign,
                                  .restart_guard = !local};
    (void)lease_apply(&oracle.record, &request, &server, &ours);
    expect_same(theirs, &ours, local);
    ck_assert_str_eq(call.meta, ours.record.meta);
    if (oracle.record.meta != oracle.meta) {
        (void)snprintf(oracle.meta, sizeof oracle.meta, "%s", oracle.record.meta);
        oracle.record.meta = oracle.meta;
    }
    oracle.record.term = theirs->record.term;
    oracle.term = theirs->record.term;
    (void)snprintf(oracle.version, sizeof oracle.version, "%s", theirs->version);
}

static void live(const struct driver *driver, uint64_t seed)
{
    bool local = !driver->guards;
    int calls = local ? CALLS_LOCAL : CALLS;
    prng_init(&prng, seed);
    oracle = (struct oracle){.record = {.state = LEASE_ABSENT, .meta = ""}};
    driver->open(&client);
    for (int i = 0; i < calls; i++) {
        if (driver->restart != NULL && prng_below(&prng, RESTART_ONE_IN) == 0) {
            bool keep = prng_below(&prng, 2) == 0;
            driver->restart(&client, keep);
            if (!keep) {
                oracle.record = (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
            }
        }
        one_call((enum lease_verb)(1 + prng_below(&prng, 6)), local);
    }
    driver->close(&client);
}

START_TEST(a_random_history_is_the_same_in_the_store_and_in_the_table)
{
    const char *seed = getenv("SEED");
    live(&drivers[_i], seed != NULL ? strtoull(seed, NULL, 10) : 20261123);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("random histories");
    TCase *tests = tcase_create("stores");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_random_history_is_the_same_in_the_store_and_in_the_table,
                        first_driver(), end_of_drivers());
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)

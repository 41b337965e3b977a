/* The whole table: every record that there can be, put into the store behind its back, and every
 * call on it. lease_apply() says what must come of it. */
#include "tests/conformance/driver.h"
#include "tests/unit/check_main.h"

#include <inttypes.h>
#include <sqlite3.h>

#define TERM INT64_C(1000)
#define NUMBER INT64_C(10)
#define FAR INT64_C(8000000000000000)

static struct client client;
static struct test_call call;
static char reign[LEASE_REIGN_SIZE];
static redisContext *redis;
static sqlite3 *database;

struct setting {
    const char *name;
    bool guard; /* the restart guard */
    bool local; /* an earlier reign's record is nobody's, and terms count from the wall clock */
    void (*open)(void);
    void (*plant)(const struct lease_record *record);
    void (*close)(void);
};

/* Redis. */

static void open_redis_with(bool guard)
{
    server_start(&redis_server);
    struct redis_store_options options = options_unix(&redis_server);
    options.restart_guard = guard;
    client_start(&client, &options);
    redis = redisConnectUnix(redis_server.socket_path);
    ck_assert(redis != NULL && redis->err == 0);
}

static void open_guarded(void)
{
    open_redis_with(true);
}

static void open_unguarded(void)
{
    open_redis_with(false);
}

static void close_both(void)
{
    redisFree(redis);
    close_redis(&client);
}

static void plant_redis(const struct lease_record *record)
{
    static const char *const letters[] = {
        [LEASE_HELD] = "h", [LEASE_RELEASED] = "r", [LEASE_GUARD] = "g", [LEASE_VACATED] = "v"};
    const char *key = "leader-election:billing";
    redisReply *reply = redisCommand(redis, "DEL %s", key);
    if (record->state != LEASE_ABSENT) {
        freeReplyObject(reply);
        reply = redisCommand(redis,
                             "HSET %s s %s t %lld n %lld i %s p %s d %lld x %lld w %lld a %lld"
                             " g %s c %lld m %s",
                             key, letters[record->state], (long long)record->term,
                             (long long)record->n, record->instance, record->participant,
                             (long long)record->lease_ms, (long long)record->end_us,
                             (long long)record->written_us, (long long)record->acquired_us,
                             record->reign, (long long)record->unconfirmed, record->meta);
    }
    ck_assert_msg(reply != NULL && reply->type == REDIS_REPLY_INTEGER, "%s",
                  reply != NULL ? reply->str : redis->errstr);
    freeReplyObject(reply);
}

/* The file. */

static void open_file(void)
{
    open_local(&client);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/leases.db", local_directory);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(database, "PRAGMA synchronous = OFF", NULL, NULL, NULL),
                     SQLITE_OK);
}

static void close_file(void)
{
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
    close_local(&client);
}

static void plant_row(const struct lease_record *record)
{
    char sql[1024];
    (void)snprintf(sql, sizeof sql, "DELETE FROM record");
    if (record->state != LEASE_ABSENT) {
        (void)snprintf(sql, sizeof sql,
                       "INSERT OR REPLACE INTO record (election, state, term, n, lease_ms, end_us,"
                       " written_us, acquired_us, unconfirmed, instance, participant, reign, meta)"
                       " VALUES ('billing', %d, %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                       ", %" PRId64 ", %" PRId64 ", %" PRId64 ", '%s', '%s', '%s', '%s')",
                       (int)record->state, record->term, record->n, record->lease_ms,
                       record->end_us, record->written_us, record->acquired_us, record->unconfirmed,
                       record->instance, record->participant, record->reign, record->meta);
    }
    ck_assert_msg(sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(database));
}

static const struct setting settings[] = {
    {"redis", true, false, open_guarded, plant_redis, close_both},
    {"redis without its guard", false, false, open_unguarded, plant_redis, close_both},
    {"local", false, true, open_file, plant_row, close_file},
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* One cell of the table. */

static void version_of(const struct lease_record *record, char *out)
{
    static const char letters[] = "?-hrgv";
    (void)snprintf(out, LEASE_VERSION_SIZE, "%s:%c:%s:%" PRId64 ":%" PRId64, reign,
                   letters[record->state], record->instance, record->term, record->n);
}

static void describe(const struct lease_record *record, const struct lease_request *request,
                     char out[512])
{
    (void)snprintf(out, 512,
                   "%s of a %s record (%s, reign %s, end %" PRId64 ", unconfirmed %" PRId64
                   ") with term %" PRId64 ", n %" PRId64 ", acked %" PRId64
                   ", version \"%s\", force %d",
                   lease_verb_name(request->verb), lease_state_name(record->state),
                   strcmp(record->instance, ME) == 0 ? "mine" : "not mine", record->reign,
                   record->end_us, record->unconfirmed, request->term, request->n, request->n_acked,
                   request->version, request->force);
}

#define expect_equal(field, format)                                                                \
    ck_assert_msg(theirs->field == ours->field, "%s: " #field " is " format ", not " format, what, \
                  theirs->field, ours->field)

static void expect_same(const struct lease_reply *theirs, const struct lease_reply *ours,
                        const char *what, bool local)
{
    const struct lease_record *record = &ours->record;
    ck_assert_msg(theirs->outcome == ours->outcome, "%s: outcome %d, not %d (%s)", what,
                  (int)theirs->outcome, (int)ours->outcome, theirs->problem.text);
    ck_assert_msg(theirs->record.state == record->state, "%s: state", what);
    expect_equal(record.n, "%" PRId64);
    expect_equal(record.lease_ms, "%" PRId64);
    expect_equal(record.end_us, "%" PRId64);
    expect_equal(record.written_us, "%" PRId64);
    expect_equal(record.acquired_us, "%" PRId64);
    expect_equal(record.unconfirmed, "%" PRId64);
    expect_equal(left_ms, "%" PRId64);
    expect_equal(age_ms, "%" PRId64);
    expect_equal(fresh, "%d");
    ck_assert_msg(strcmp(theirs->record.instance, record->instance) == 0, "%s: instance", what);
    ck_assert_msg(strcmp(theirs->record.participant, record->participant) == 0, "%s: who", what);
    ck_assert_msg(strcmp(theirs->record.reign, record->reign) == 0, "%s: reign", what);
    ck_assert_msg(strcmp(call.meta, record->meta) == 0, "%s: meta", what);
    if (local) {
        ck_assert_msg(theirs->record.term >= record->term, "%s: term", what);
    } else {
        expect_equal(record.term, "%" PRId64);
        ck_assert_msg(strcmp(theirs->version, ours->version) == 0, "%s: version", what);
    }
}

/* What was answered is also what was stored. */
static void expect_kept(const struct setting *setting, struct lease_record *record,
                        const char *what)
{
    struct lease_reply ours;
    struct lease_request request = request_of(LEASE_OBSERVE, "billing");
    const struct lease_reply *theirs = ask(&client, &call, &request);
    struct lease_server server = {
        .now_us = theirs->server_us, .reign = reign, .restart_guard = setting->guard};
    (void)lease_apply(record, &request, &server, &ours);
    expect_same(theirs, &ours, what, false);
}

static void try_cell(const struct setting *setting, const struct lease_record *planted,
                     const struct lease_request *request)
{
    char what[512];
    struct lease_record record = *planted;
    struct lease_reply ours;
    setting->plant(planted);
    describe(planted, request, what);
    const struct lease_reply *theirs = ask(&client, &call, request);
    struct lease_server server = {.now_us = theirs->server_us,
                                  .term_floor_us = setting->local ? 0 : theirs->server_us,
                                  .reign = reign,
                                  .restart_guard = setting->guard};
    if (setting->local && record.state != LEASE_ABSENT && strcmp(record.reign, reign) != 0) {
        record.state = LEASE_RELEASED;
    }
    bool written = lease_apply(&record, request, &server, &ours);
    expect_same(theirs, &ours, what, setting->local);
    if (written) {
        record.term = theirs->record.term;
        expect_kept(setting, &record, what);
    }
}

static void try_acquires(const struct setting *setting, const struct lease_record *record)
{
    char version[LEASE_VERSION_SIZE];
    struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
    struct lease_record seen = *record;
    if (setting->local && seen.state != LEASE_ABSENT && strcmp(seen.reign, reign) != 0) {
        seen.state = LEASE_RELEASED;
    }
    version_of(&seen, version);
    const char *const versions[] = {"", version, "another:h:version:1:1"};
    for (int i = 0; i < 3 * 3 * 2; i++) {
        request.term = TERM - 1 + i % 3;
        request.version = versions[i / 3 % 3];
        request.force = i / 9 == 1;
        try_cell(setting, record, &request);
    }
}

static void try_renewals(const struct setting *setting, const struct lease_record *record,
                         enum lease_verb verb)
{
    static const int64_t acked[] = {NUMBER - 3, NUMBER - 2, NUMBER, NUMBER + 1};
    struct lease_request request = request_of(verb, "billing");
    for (int i = 0; i < 3 * 4 * 2; i++) {
        request.term = TERM - 1 + i % 3;
        request.n_acked = acked[i / 3 % 4];
        request.n = NUMBER + i / 12;
        try_cell(setting, record, &request);
    }
}

static void try_record(const struct setting *setting, const struct lease_record *record)
{
    static const enum lease_verb plain[] = {LEASE_OBSERVE, LEASE_BOOTSTRAP, LEASE_VACATE};
    for (int i = 0; i < 3; i++) {
        struct lease_request request = request_of(plain[i], "billing");
        try_cell(setting, record, &request);
    }
    try_acquires(setting, record);
    try_renewals(setting, record, LEASE_RENEW);
    try_renewals(setting, record, LEASE_RELEASE);
}

/* Of a state: this reign's or an earlier one's, mine or not, confirmed or not, over or not. */
static struct lease_record make_record(enum lease_state state, unsigned variant)
{
    struct lease_record record = {.state = state,
                                  .term = TERM,
                                  .n = NUMBER,
                                  .lease_ms = 9000,
                                  .end_us = (variant & 1) != 0 ? FAR : 2,
                                  .written_us = 1,
                                  .acquired_us = 1,
                                  .unconfirmed = (variant & 2) != 0 ? NUMBER - 2 : 0,
                                  .participant = "node-2",
                                  .meta = "text"};
    (void)snprintf(record.instance, sizeof record.instance, "%s", (variant & 4) != 0 ? ME : OTHER);
    (void)snprintf(record.reign, sizeof record.reign, "%s", (variant & 8) != 0 ? reign : "earlier");
    return record;
}

START_TEST(every_call_on_every_record_comes_to_what_the_table_says)
{
    const struct setting *setting = &settings[_i];
    setting->open();
    const char *version = ask_verb(&client, &call, LEASE_OBSERVE)->version;
    (void)snprintf(reign, sizeof reign, "%.*s", (int)strcspn(version, ":"), version);
    const struct lease_record absent = {.state = LEASE_ABSENT, .meta = ""};
    try_record(setting, &absent);
    for (int state = LEASE_HELD; state <= LEASE_VACATED; state++) {
        for (unsigned variant = 0; variant < 16; variant++) {
            struct lease_record record = make_record((enum lease_state)state, variant);
            try_record(setting, &record);
        }
    }
    setting->close();
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("table");
    TCase *tests = tcase_create("stores");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_call_on_every_record_comes_to_what_the_table_says, 0,
                        SETTINGS);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)

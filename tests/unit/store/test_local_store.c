/* The store in a file: what happens to it besides good calls. */
#include "lib/store/local/local_store.h"
#include "tests/unit/store/redis_harness.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char directory[32];
static char path[64];
static struct client client;
static struct client other;
static struct test_call call;

static struct store *try_open(struct client *who, const char *at, struct problem *problem)
{
    struct store_listener listener = {.owner = who,
                                      .up = client_up,
                                      .down = client_down,
                                      .hint = client_hint,
                                      .connected = client_connected,
                                      .error = client_error,
                                      .closed = client_closed};
    client_init(who);
    who->store =
        local_store_new(&who->loop, &(struct local_store_options){.path = at}, &listener, problem);
    return who->store;
}

static void open_store(struct client *who)
{
    struct problem problem;
    ck_assert_msg(try_open(who, path, &problem) != NULL, "%s", problem.text);
    run_until(who, who->ups == 1);
}

static void expect_refusal(const char *at, const char *why)
{
    struct problem problem;
    ck_assert_ptr_null(try_open(&client, at, &problem));
    ck_assert_msg(strstr(problem.text, at) != NULL, "%s", problem.text);
    ck_assert_msg(strstr(problem.text, why) != NULL, "%s", problem.text);
    ck_assert_int_eq(uv_loop_close(&client.loop), 0);
}

static void make_directory(void)
{
    (void)snprintf(directory, sizeof directory, "/tmp/leaderd-local-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/leases.db", directory);
}

static void delete_file(const char *ending)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s%s", path, ending);
    (void)unlink(name);
}

static void remove_directory(void)
{
    delete_file("");
    delete_file("-wal");
    delete_file("-shm");
    delete_file("-journal");
    delete_file(".events");
    (void)rmdir(directory);
}

static void write_file(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

/* As any other program that opens the file. */
static sqlite3 *open_database(void)
{
    sqlite3 *database = NULL;
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    return database;
}

static void sql(sqlite3 *database, const char *statement)
{
    char *message = NULL;
    ck_assert_msg(sqlite3_exec(database, statement, NULL, NULL, &message) == SQLITE_OK, "%s: %s",
                  statement, message);
}

static void sql_once(const char *statement)
{
    sqlite3 *database = open_database();
    sql(database, statement);
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
}

static const struct lease_reply *say(enum lease_verb verb)
{
    return ask_verb(&client, &call, verb);
}

static const struct lease_reply *renew(int64_t term, int64_t n, enum lease_verb verb)
{
    struct lease_request request = request_of(verb, "billing");
    request.term = term;
    request.n = n;
    request.n_acked = n - 1;
    return ask(&client, &call, &request);
}

static int64_t lead(void)
{
    ck_assert_int_eq(say(LEASE_ACQUIRE)->outcome, LEASE_ACQUIRED);
    return call.reply.record.term;
}

START_TEST(a_missing_directory_is_a_clear_problem)
{
    expect_refusal("/nonexistent/leases.db", "does its directory exist");
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused_and_left_as_it_is)
{
    char text[5000];
    char after[5001];
    memset(text, 'x', sizeof text);
    write_file(text, sizeof text);
    expect_refusal(path, "it is left as it is");
    FILE *file = fopen(path, "rb");
    ck_assert_uint_eq(fread(after, 1, sizeof after, file), sizeof text);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_mem_eq(text, after, sizeof text);
}
END_TEST

START_TEST(a_database_of_another_program_is_refused_and_left_as_it_is)
{
    sql_once("CREATE TABLE invoices (id); INSERT INTO invoices VALUES (7)");
    expect_refusal(path, "it is left as it is");
    sql_once("INSERT INTO invoices SELECT id FROM invoices WHERE"
             " (SELECT count(*) FROM sqlite_master) = 1");
}
END_TEST

START_TEST(a_damaged_file_is_refused)
{
    open_store(&client);
    (void)lead();
    client_stop(&client);
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    for (int i = 100; i < 4096; i++) { /* the rest of the first page, where the schema is */
        ck_assert_int_eq(fseek(file, i, SEEK_SET), 0);
        ck_assert_int_eq(fputc(0xa5, file), 0xa5);
    }
    ck_assert_int_eq(fclose(file), 0);
    expect_refusal(path, "it is left as it is");
}
END_TEST

START_TEST(a_file_that_one_may_not_write_is_refused)
{
    open_store(&client);
    client_stop(&client);
    ck_assert_int_eq(chmod(directory, 0755), 0);
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert(geteuid() != 0 || seteuid(65534) == 0);
    expect_refusal(path, "writable for this user");
    ck_assert(geteuid() != 65534 || seteuid(0) == 0);
}
END_TEST

START_TEST(a_record_of_an_earlier_boot_is_nobodys)
{
    open_store(&client);
    int64_t term = lead();
    sql_once("UPDATE record SET reign = 'another boot', end_us = end_us + 1000000000000");
    ck_assert_int_eq(say(LEASE_OBSERVE)->record.state, LEASE_RELEASED);
    ck_assert_int_eq(renew(term, 2, LEASE_RENEW)->outcome, LEASE_LOST);
    ck_assert_int_gt(lead(), term);
    client_stop(&client);
}
END_TEST

START_TEST(a_row_that_leaderd_did_not_write_fails_its_election_only)
{
    open_store(&client);
    (void)lead();
    sql_once("UPDATE record SET lease_ms = -1");
    ck_assert_int_eq(say(LEASE_OBSERVE)->outcome, LEASE_FAILED);
    ck_assert_str_eq(call.reply.error, "malformed");
    ck_assert_int_eq(client.downs, 0);
    struct lease_request request = request_of(LEASE_ACQUIRE, "orders");
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_ACQUIRED);
    client_stop(&client);
}
END_TEST

START_TEST(a_locked_file_fails_the_call_in_time_and_nothing_was_done)
{
    open_store(&client);
    sqlite3 *database = open_database();
    sql(database, "BEGIN IMMEDIATE");
    struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
    call = (struct test_call){.call = {.answer = test_call_answered}};
    store_submit(client.store, &call.call, &request, 200);
    run_until(&client, call.answers == 1);
    ck_assert_int_eq(call.reply.outcome, LEASE_FAILED);
    ck_assert_str_eq(call.reply.error, "SQLITE_BUSY");
    ck_assert_int_eq(client.downs, 1);
    sql(database, "COMMIT");
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
    run_until(&client, client.ups == 2);
    ck_assert_int_eq(say(LEASE_OBSERVE)->record.state, LEASE_ABSENT);
    client_stop(&client);
}
END_TEST

START_TEST(a_call_that_never_began_is_failed_when_its_time_is_over)
{
    static struct test_call slow, quick;
    open_store(&client);
    sqlite3 *database = open_database();
    sql(database, "BEGIN IMMEDIATE");
    struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
    slow = (struct test_call){.call = {.answer = test_call_answered}};
    quick = slow;
    store_submit(client.store, &slow.call, &request, 5000);
    store_submit(client.store, &quick.call, &request, 20);
    run_until(&client, quick.answers == 1);
    ck_assert_int_eq(quick.reply.outcome, LEASE_FAILED);
    ck_assert_str_eq(quick.reply.error, "timeout");
    ck_assert_int_eq(slow.answers, 0);
    sql(database, "COMMIT");
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
    run_until(&client, slow.answers == 1);
    ck_assert_int_eq(slow.reply.outcome, LEASE_ACQUIRED);
    client_stop(&client);
    ck_assert_int_eq(quick.answers, 1);
}
END_TEST

START_TEST(a_leader_whose_file_was_deleted_puts_its_lease_back_into_the_new_one)
{
    open_store(&client);
    int64_t term = lead();
    delete_file("");
    delete_file("-wal");
    delete_file("-shm");
    ck_assert_int_eq(renew(term, 2, LEASE_RENEW)->outcome, LEASE_REASSERTED);
    open_store(&other);
    ck_assert_int_eq(ask_verb(&other, &call, LEASE_OBSERVE)->record.term, term);
    client_stop(&other);
    client_stop(&client);
}
END_TEST

START_TEST(a_process_killed_in_the_middle_of_a_write_leaves_the_record_as_it_was)
{
    int ready[2];
    open_store(&client);
    int64_t term = lead();
    client_stop(&client);
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *database = open_database();
        sql(database, "BEGIN IMMEDIATE; UPDATE record SET term = term + 1; PRAGMA cache_spill = 0");
        (void)!write(ready[1], "x", 1);
        (void)pause();
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    open_store(&client);
    ck_assert_int_eq(say(LEASE_OBSERVE)->record.term, term);
    ck_assert_int_eq(renew(term, 2, LEASE_RENEW)->outcome, LEASE_RENEWED);
    client_stop(&client);
}
END_TEST

/* Runs `work` in eight processes at once; returns how many of them came to `true`. */
static int in_processes(bool (*work)(void))
{
    enum { PROCESSES = 8 };
    int gate[2];
    pid_t children[PROCESSES];
    int good = 0;
    ck_assert_int_eq(pipe(gate), 0);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char byte;
            (void)close(gate[1]);
            (void)!read(gate[0], &byte, 1); /* all begin when the gate is closed */
            _exit(work() ? 0 : 1);
        }
    }
    (void)close(gate[0]);
    (void)close(gate[1]);
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status));
        good += WEXITSTATUS(status) == 0;
    }
    return good;
}

static bool can_open(void)
{
    struct problem problem = {""};
    bool opened = try_open(&client, path, &problem) != NULL;
    if (!opened) {
        (void)fprintf(stderr, "%s\n", problem.text);
    } else {
        client_stop(&client);
    }
    return opened;
}

START_TEST(processes_that_start_together_all_open_a_new_file)
{
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(in_processes(can_open), 8);
        delete_file("");
    }
}
END_TEST

static bool can_lead(void)
{
    char instance[LEASE_INSTANCE_SIZE];
    (void)snprintf(instance, sizeof instance, "%032d", (int)getpid());
    struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
    request.instance = instance;
    open_store(&client);
    bool leads = ask(&client, &call, &request)->outcome == LEASE_ACQUIRED;
    client_stop(&client);
    return leads;
}

START_TEST(of_processes_that_start_together_one_leads)
{
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(in_processes(can_lead), 1);
        delete_file("");
    }
}
END_TEST

START_TEST(a_store_that_cannot_write_is_down_until_it_can)
{
    struct rlimit limit;
    open_store(&client);
    int64_t term = lead();
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit small = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum lease_outcome outcome = renew(term, 2, LEASE_RENEW)->outcome;
    ck_assert(outcome == LEASE_FAILED || outcome == LEASE_UNKNOWN);
    ck_assert_int_eq(strncmp(call.reply.error, "SQLITE_", 7), 0);
    ck_assert_int_eq(client.downs, 1);
    (void)renew(term, 3, LEASE_RENEW);
    ck_assert_int_eq(client.downs, 1);
    ck_assert_int_eq(client.ups, 1);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    run_until(&client, client.ups == 2);
    struct lease_request request = request_of(LEASE_RENEW, "billing");
    request.term = term;
    request.n = 4;
    request.n_acked = 1;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_RENEWED);
    client_stop(&client);
}
END_TEST

START_TEST(a_release_wakes_its_own_election_only)
{
    open_store(&client);
    int64_t term = lead();
    open_store(&other);
    store_subscribe(other.store, "orders");
    store_subscribe(other.store, "billing");
    store_subscribe(other.store, "billing");
    ck_assert_int_eq(renew(term, 2, LEASE_RENEW)->outcome, LEASE_RENEWED);
    ck_assert_int_eq(renew(term, 3, LEASE_RELEASE)->outcome, LEASE_GAVE_UP);
    run_until(&other, other.hints > 0);
    (void)ask_verb(&other, &call, LEASE_OBSERVE);
    ck_assert_int_eq(other.hints, 1);
    ck_assert_str_eq(other.hint_election, "billing");
    ck_assert_str_eq(other.hint_what, "released");
    client_stop(&other);
    client_stop(&client);
}
END_TEST

START_TEST(messages_go_on_when_their_file_was_deleted)
{
    open_store(&client);
    delete_file(".events");
    open_store(&other);
    store_subscribe(other.store, "billing");
    while (other.hints == 0) { /* the first must have noticed */
        (void)renew(lead(), 2, LEASE_RELEASE);
        (void)uv_run(&client.loop, UV_RUN_NOWAIT);
        (void)uv_run(&other.loop, UV_RUN_NOWAIT);
    }
    ck_assert_str_eq(other.hint_election, "billing");
    client_stop(&other);
    client_stop(&client);
}
END_TEST

START_TEST(the_text_of_a_holder_is_gone_with_its_lease)
{
    open_store(&client);
    (void)lead();
    ck_assert_str_ne(call.meta, "");
    (void)say(LEASE_VACATE);
    ck_assert_str_eq(call.meta, "");
    client_stop(&client);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const rules[] = {
        a_missing_directory_is_a_clear_problem,
        a_file_that_is_no_database_is_refused_and_left_as_it_is,
        a_database_of_another_program_is_refused_and_left_as_it_is,
        a_damaged_file_is_refused,
        a_file_that_one_may_not_write_is_refused,
        a_record_of_an_earlier_boot_is_nobodys,
        a_row_that_leaderd_did_not_write_fails_its_election_only,
        a_locked_file_fails_the_call_in_time_and_nothing_was_done,
        a_call_that_never_began_is_failed_when_its_time_is_over,
        a_leader_whose_file_was_deleted_puts_its_lease_back_into_the_new_one,
        a_process_killed_in_the_middle_of_a_write_leaves_the_record_as_it_was,
        processes_that_start_together_all_open_a_new_file,
        of_processes_that_start_together_one_leads,
        a_store_that_cannot_write_is_down_until_it_can,
        a_release_wakes_its_own_election_only,
        messages_go_on_when_their_file_was_deleted,
        the_text_of_a_holder_is_gone_with_its_lease,
    };
    Suite *all = suite_create("local store");
    TCase *tests = tcase_create("file");
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_set_timeout(tests, 30);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tcase_add_test(tests, rules[i]);
    }
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)

#include "lib/store/local/record_file.h"

#include "lib/base/moment.h"
#include "lib/store/local/sqlite_fault.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "ldrd": tells our files from other SQLite databases (PRAGMA application_id). */
enum { APPLICATION_ID = 0x6c647264 };

enum { OPEN_PATIENCE_MS = 2000, META_MAX = 128 * 1024 };

struct record_file {
    sqlite3 *database;
    sqlite3_stmt *begin, *commit, *rollback, *read, *write, *forget;
    bool ready; /* open, and nothing has failed since */
    char *path;
    char boot_id[LEASE_REIGN_SIZE];
};

static void read_boot_id(char out[LEASE_REIGN_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, out, LEASE_REIGN_SIZE - 1) : 0;
    if (fd >= 0) {
        close(fd);
    }
    out[length > 0 ? length : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static int prepare(struct record_file *file, const char *sql, sqlite3_stmt **statement)
{
    return sqlite3_prepare_v3(file->database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

static int read_number(sqlite3 *database, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        *number = sqlite3_column_int64(statement, 0);
        code = code == SQLITE_ROW ? SQLITE_OK : code;
    }
    (void)sqlite3_finalize(statement);
    return code;
}

/* A new file becomes ours; somebody else's database is refused. */
static int claim(struct record_file *file)
{
    int64_t application = 0;
    int64_t tables = 0;
    int code = sqlite3_exec(file->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        code = read_number(file->database, "PRAGMA application_id", &application);
    }
    if (code == SQLITE_OK) {
        code = read_number(file->database, "SELECT count(*) FROM sqlite_master", &tables);
    }
    if (code == SQLITE_OK && application != APPLICATION_ID && tables > 0) {
        code = SQLITE_NOTADB;
    }
    if (code == SQLITE_OK && application != APPLICATION_ID) {
        code = sqlite3_exec(file->database,
                            "PRAGMA application_id = 1818522212;"
                            "CREATE TABLE record (election TEXT PRIMARY KEY, state INT, term INT,"
                            " n INT, lease_ms INT, end_us INT, written_us INT, acquired_us INT,"
                            " unconfirmed INT, instance TEXT, participant TEXT, reign TEXT,"
                            " meta TEXT) STRICT, WITHOUT ROWID",
                            NULL, NULL, NULL);
    }
    int ended =
        sqlite3_exec(file->database, code == SQLITE_OK ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL);
    return code != SQLITE_OK ? code : ended;
}

static void shut(struct record_file *file)
{
    sqlite3_stmt **statements[] = {&file->begin, &file->commit, &file->rollback,
                                   &file->read,  &file->write,  &file->forget};
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        (void)sqlite3_finalize(*statements[i]);
        *statements[i] = NULL;
    }
    (void)sqlite3_close(file->database);
    file->database = NULL;
    file->ready = false;
}

/* The switch to WAL does not wait for other processes that do the same, so it is tried again. */
static int use_wal(struct record_file *file, int patience_ms)
{
    int code = SQLITE_BUSY;
    for (int waited = 0; code == SQLITE_BUSY && waited <= patience_ms; waited += 10) {
        if (waited > 0) {
            (void)usleep(10000);
        }
        code =
            sqlite3_exec(file->database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
                         NULL, NULL, NULL);
    }
    return code;
}

static int prepare_all(struct record_file *file)
{
    int code = prepare(file, "BEGIN IMMEDIATE", &file->begin);
    if (code == SQLITE_OK) {
        code = prepare(file, "COMMIT", &file->commit);
    }
    if (code == SQLITE_OK) {
        code = prepare(file, "ROLLBACK", &file->rollback);
    }
    if (code == SQLITE_OK) {
        code = prepare(file,
                       "SELECT state, term, n, lease_ms, end_us, written_us, acquired_us,"
                       " unconfirmed, instance, participant, reign, meta FROM record"
                       " WHERE election = ?",
                       &file->read);
    }
    if (code == SQLITE_OK) {
        code = prepare(file,
                       "INSERT OR REPLACE INTO record (state, term, n, lease_ms, end_us,"
                       " written_us, acquired_us, unconfirmed, instance, participant, reign, meta,"
                       " election) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       &file->write);
    }
    if (code == SQLITE_OK) {
        code = prepare(file, "DELETE FROM record WHERE election = ?", &file->forget);
    }
    return code;
}

/* Test records that were not released, because whoever made them died. Elections' names never
 * begin with a dot. */
static int purge(struct record_file *file)
{
    char sql[160];
    int64_t now_us = boottime_us();
    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM record WHERE election GLOB '.*' AND written_us NOT BETWEEN %" PRId64
                   " AND %" PRId64,
                   now_us - LEASE_TRANSIENT_MS * INT64_C(1000), now_us);
    return sqlite3_exec(file->database, sql, NULL, NULL, NULL);
}

static int set_up(struct record_file *file, int patience_ms)
{
    int code =
        sqlite3_open_v2(file->path, &file->database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_busy_timeout(file->database, patience_ms);
        code = claim(file);
    }
    if (code == SQLITE_OK) {
        code = use_wal(file, patience_ms);
    }
    if (code == SQLITE_OK) {
        code = prepare_all(file);
    }
    if (code == SQLITE_OK) {
        code = purge(file);
    }
    file->ready = code == SQLITE_OK;
    return code;
}

struct record_file *record_file_open(const char *path, struct problem *problem)
{
    struct record_file *file = calloc(1, sizeof *file);
    if (file == NULL || (file->path = strdup(path)) == NULL) {
        (void)problem_set(problem, "lease file %s: out of memory", path);
        free(file);
        return NULL;
    }
    read_boot_id(file->boot_id);
    if (file->boot_id[0] == '\0') {
        (void)problem_set(problem,
                          "lease file %s: cannot read /proc/sys/kernel/random/boot_id,"
                          " which tells leases of this boot from older ones",
                          path);
        record_file_close(file);
        return NULL;
    }
    int code = set_up(file, OPEN_PATIENCE_MS);
    if (code != SQLITE_OK) {
        sqlite_fault_explain(file->path, code, problem);
        record_file_close(file);
        return NULL;
    }
    return file;
}

void record_file_close(struct record_file *file)
{
    shut(file);
    free(file->path);
    free(file);
}

static int run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static void copy_column(sqlite3_stmt *row, int column, char *out, size_t size)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    (void)snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
}

static bool row_is_sane(const struct lease_record *record)
{
    return record->state >= LEASE_HELD && record->state <= LEASE_VACATED && record->term >= 0 &&
           record->term < LEASE_TERM_MAX && record->n >= 0 && record->lease_ms > 0 &&
           record->lease_ms <= 86400000 && strlen(record->meta) <= META_MAX;
}

static void fill_record(sqlite3_stmt *row, struct text *meta, struct lease_record *record)
{
    const unsigned char *text = sqlite3_column_text(row, 11);
    record->state = (enum lease_state)sqlite3_column_int(row, 0);
    record->term = sqlite3_column_int64(row, 1);
    record->n = sqlite3_column_int64(row, 2);
    record->lease_ms = sqlite3_column_int64(row, 3);
    record->end_us = sqlite3_column_int64(row, 4);
    record->written_us = sqlite3_column_int64(row, 5);
    record->acquired_us = sqlite3_column_int64(row, 6);
    record->unconfirmed = sqlite3_column_int64(row, 7);
    copy_column(row, 8, record->instance, sizeof record->instance);
    copy_column(row, 9, record->participant, sizeof record->participant);
    copy_column(row, 10, record->reign, sizeof record->reign);
    text_add(meta, text != NULL ? (const char *)text : "");
    record->meta = meta->bytes != NULL ? meta->bytes : "";
}

static int read_record(struct record_file *file, const char *election, struct text *meta,
                       struct lease_record *record)
{
    *record = (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
    (void)sqlite3_bind_text(file->read, 1, election, -1, SQLITE_STATIC);
    int code = sqlite3_step(file->read);
    if (code == SQLITE_ROW) {
        fill_record(file->read, meta, record);
        code = meta->failed          ? SQLITE_NOMEM
               : row_is_sane(record) ? SQLITE_OK
                                     : SQLITE_FAULT_MALFORMED;
    } else if (code == SQLITE_DONE) {
        code = SQLITE_OK;
    }
    (void)sqlite3_reset(file->read);
    if (code == SQLITE_OK && record->state != LEASE_ABSENT &&
        strcmp(record->reign, file->boot_id) != 0) {
        record->state = LEASE_RELEASED; /* whoever held it died with its boot */
    }
    return code;
}

static int write_record(struct record_file *file, const char *election,
                        const struct lease_record *record)
{
    sqlite3_stmt *write = file->write;
    (void)sqlite3_bind_int(write, 1, (int)record->state);
    (void)sqlite3_bind_int64(write, 2, record->term);
    (void)sqlite3_bind_int64(write, 3, record->n);
    (void)sqlite3_bind_int64(write, 4, record->lease_ms);
    (void)sqlite3_bind_int64(write, 5, record->end_us);
    (void)sqlite3_bind_int64(write, 6, record->written_us);
    (void)sqlite3_bind_int64(write, 7, record->acquired_us);
    (void)sqlite3_bind_int64(write, 8, record->unconfirmed);
    (void)sqlite3_bind_text(write, 9, record->instance, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(write, 10, record->participant, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(write, 11, record->reign, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(write, 12, record->meta, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(write, 13, election, -1, SQLITE_STATIC);
    return run(write);
}

static int forget(struct record_file *file, const char *election)
{
    (void)sqlite3_bind_text(file->forget, 1, election, -1, SQLITE_STATIC);
    return run(file->forget);
}

/* A clock that is years off does not lift the terms to where they end. */
static int64_t term_floor_us(void)
{
    int64_t now_us = wall_us();
    return now_us < LEASE_TERM_MAX / 2 ? now_us : 0;
}

/* Reads, applies the rules, writes; the transaction stays open. */
static int change(struct record_file *file, const struct lease_request *request, struct text *meta,
                  struct lease_reply *reply)
{
    struct lease_record record;
    struct lease_server server = {.now_us = boottime_us(),
                                  .term_floor_us = term_floor_us(),
                                  .reign = file->boot_id,
                                  .restart_guard = false};
    int code = read_record(file, request->election, meta, &record);
    if (code == SQLITE_OK && lease_apply(&record, request, &server, reply)) {
        code = request->transient && reply->outcome == LEASE_GAVE_UP
                   ? forget(file, request->election)
                   : write_record(file, request->election, &record);
    }
    if (code == SQLITE_OK && record.meta != meta->bytes) {
        text_clear(meta);
        text_add(meta, record.meta);
        code = meta->failed ? SQLITE_NOMEM : SQLITE_OK;
    }
    return code;
}

static void fail(struct record_file *file, int code, enum lease_outcome outcome,
                 struct lease_reply *reply)
{
    *reply = (struct lease_reply){
        .id = reply->id, .outcome = outcome, .record = {.state = LEASE_ABSENT, .meta = ""}};
    (void)snprintf(reply->error, sizeof reply->error, "%s", sqlite_fault_name(code));
    sqlite_fault_explain(file->path, code, &reply->problem);
    bool lasting = code != SQLITE_BUSY && code != SQLITE_FAULT_MALFORMED;
    file->ready = file->ready && !lasting;
}

/* A file that was deleted or moved is not the one that the others elect through. */
static int begin(struct record_file *file, int patience_ms)
{
    int moved = 0;
    int code = SQLITE_OK;
    if (file->ready) {
        (void)sqlite3_file_control(file->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    }
    if (!file->ready || moved != 0) {
        shut(file);
        code = set_up(file, patience_ms);
    }
    if (code == SQLITE_OK) {
        (void)sqlite3_busy_timeout(file->database, patience_ms);
        code = run(file->begin);
    }
    return code;
}

/* A full disk or a lock refuses a commit as a whole; after other errors it may have been done. */
static enum lease_outcome outcome_of_failed_commit(int code)
{
    int kind = code & 0xff;
    return kind == SQLITE_FULL || kind == SQLITE_BUSY ? LEASE_FAILED : LEASE_UNKNOWN;
}

void record_file_apply(struct record_file *file, const struct lease_request *request,
                       int patience_ms, struct text *meta, struct lease_reply *reply)
{
    enum lease_outcome outcome = LEASE_FAILED;
    int code = begin(file, patience_ms);
    bool begun = code == SQLITE_OK;
    if (begun) {
        code = change(file, request, meta, reply);
    }
    if (code == SQLITE_OK) {
        code = run(file->commit);
        outcome = outcome_of_failed_commit(code);
    }
    if (code != SQLITE_OK && begun) {
        (void)run(file->rollback);
    }
    reply->id = request->id;
    reply->record.meta = meta->bytes != NULL ? meta->bytes : "";
    if (code != SQLITE_OK) {
        fail(file, code, outcome, reply);
    }
}

void record_file_probe(struct record_file *file, int patience_ms, struct lease_reply *reply)
{
    int code = begin(file, patience_ms);
    bool begun = code == SQLITE_OK;
    *reply = (struct lease_reply){.outcome = LEASE_SEEN, .record = {.meta = ""}};
    if (begun) { /* written, whatever it was before */
        code = sqlite3_exec(file->database, "PRAGMA user_version = 1", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = run(file->commit);
    }
    if (code != SQLITE_OK && begun) {
        (void)run(file->rollback);
    }
    if (code != SQLITE_OK) {
        fail(file, code, LEASE_FAILED, reply);
    }
}

#include "lib/store/local/sqlite_fault.h"

#include <sqlite3.h>

const char *sqlite_fault_name(int code)
{
    switch (code) {
    case SQLITE_BUSY:
        return "SQLITE_BUSY";
    case SQLITE_NOMEM:
        return "SQLITE_NOMEM";
    case SQLITE_READONLY:
        return "SQLITE_READONLY";
    case SQLITE_IOERR:
        return "SQLITE_IOERR";
    case SQLITE_CORRUPT:
        return "SQLITE_CORRUPT";
    case SQLITE_FULL:
        return "SQLITE_FULL";
    case SQLITE_CANTOPEN:
        return "SQLITE_CANTOPEN";
    case SQLITE_NOTADB:
        return "SQLITE_NOTADB";
    case SQLITE_PERM:
        return "SQLITE_PERM";
    case SQLITE_FAULT_MALFORMED:
        return "malformed";
    default:
        return "SQLITE_ERROR";
    }
}

static const char *advice(int code)
{
    switch (code) {
    case SQLITE_BUSY:
        return ": another process holds it locked";
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ": make the file and its directory writable for this user";
    case SQLITE_FULL:
        return ": the disk is full";
    case SQLITE_CANTOPEN:
        return ": does its directory exist, and may this user write there?";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return ": it is left as it is; move it away, or name another file";
    case SQLITE_FAULT_MALFORMED:
        return ": delete the row of this election";
    default:
        return "";
    }
}

void sqlite_fault_explain(const char *path, int code, struct problem *problem)
{
    const char *what =
        code == SQLITE_FAULT_MALFORMED ? "a row was not written by leaderd" : sqlite3_errstr(code);
    (void)problem_set(problem, "lease file %s: %s%s", path, what, advice(code));
}

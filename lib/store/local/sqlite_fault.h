/*
 * SQLite's result codes for people: a name for counters, and a sentence that says what to do.
 */
#ifndef LEADERD_STORE_LOCAL_SQLITE_FAULT_H
#define LEADERD_STORE_LOCAL_SQLITE_FAULT_H

#include "lib/base/problem.h"

/* Ours, beside SQLite's own: a row that no leaderd wrote. */
enum { SQLITE_FAULT_MALFORMED = 1000 };

/* "SQLITE_FULL", "malformed", … */
const char *sqlite_fault_name(int code);

void sqlite_fault_explain(const char *path, int code, struct problem *problem);

#endif

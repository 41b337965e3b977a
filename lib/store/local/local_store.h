/*
 * The lease store in a file (SQLite), for the daemons of one host.
 *
 * All participants share the host's CLOCK_BOOTTIME, which is the server's clock here, so a lease
 * may be taken at the very end that the record names. A record of an earlier boot is nobody's: all
 * who could have held it are dead. A missing one counts as released.
 *
 * - One transaction (BEGIN IMMEDIATE, WAL) for each call, on libuv's worker pool, one at a time; a
 *   process killed in the middle of one leaves the record as it was.
 * - A file that is not one of ours, or is damaged, is never overwritten.
 * - Other processes hear of releases by a second file beside it, `<path>.events`.
 * - A file that was deleted or moved away is made anew, and a living leader puts its lease back.
 * - After a failure the store is down until it could write again, which it tries every 250 ms.
 * - A call waits for a locked file for 7/8 of its time, then it is FAILED "SQLITE_BUSY".
 *
 * Codes: SQLite's names ("SQLITE_READONLY", "SQLITE_FULL", …), "malformed" for a row that no
 * leaderd wrote (its election only), "timeout", "memory", "closed".
 *
 * The directory must exist, and be local: SQLite's locks do not work on NFS. Containers that share
 * the file must not have time namespaces of their own.
 */
#ifndef LEADERD_STORE_LOCAL_LOCAL_STORE_H
#define LEADERD_STORE_LOCAL_LOCAL_STORE_H

#include "lib/store/store.h"

struct local_store_options {
    const char *path; /* copied */
};

/* Opens the file, and makes it where it is missing. NULL with a problem that names the file. */
struct store *local_store_new(uv_loop_t *loop, const struct local_store_options *options,
                              const struct store_listener *listener, struct problem *problem);

#endif

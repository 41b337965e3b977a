/*
 * The file of the local store: one row per election, one transaction per call.
 *
 * Blocks; runs on the worker pool, one call at a time. Knows nothing of the loop.
 */
#ifndef LEADERD_STORE_LOCAL_RECORD_FILE_H
#define LEADERD_STORE_LOCAL_RECORD_FILE_H

#include "lib/base/text.h"
#include "lib/lease/lease.h"

struct record_file;

/* Opens the database, and makes it where it is missing. NULL with a problem; a file that is not
 * ours is left alone. */
struct record_file *record_file_open(const char *path, struct problem *problem);

void record_file_close(struct record_file *file);

/* Carries out one request. Fills `reply` in every case: on failure with LEASE_FAILED, a code and a
 * sentence, and then nothing was written; LEASE_UNKNOWN where the disk failed in the middle of the
 * commit. reply->record.meta points into `meta`, which the caller owns. Waits up to `patience_ms`
 * for other processes. When the file was moved away, or failed before, it is opened anew. */
void record_file_apply(struct record_file *file, const struct lease_request *request,
                       int patience_ms, struct text *meta, struct lease_reply *reply);

/* Finds out whether the file can be written, by writing to it; fills `reply` as above. */
void record_file_probe(struct record_file *file, int patience_ms, struct lease_reply *reply);

#endif

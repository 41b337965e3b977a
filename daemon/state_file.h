/*
 * What an election must remember across a crash of the process, in `<state_dir>/<election>.state`.
 *
 * A lock on `<election>.lock` beside it is held for the life of the process: who gets the lock
 * knows that its predecessor is dead. The file is one block with a checksum, overwritten in place
 * and not synced: the page cache survives a crash of the process, and after a crash of the machine
 * the boot id says that nothing may be resumed. The directory must be local and belong to one
 * replica.
 */
#ifndef LEADERD_DAEMON_STATE_FILE_H
#define LEADERD_DAEMON_STATE_FILE_H

#include "lib/elector/elector.h"

struct state_file;

/* Opens and locks the file. `memo` gets what may be resumed: everything after a crash in the same
 * boot of the same machine, else the highest term only (an empty instance id). NULL with `problem`
 * when the directory cannot be used or another live process holds the lock: the election then runs
 * without a memory, and must draw a new instance id. */
struct state_file *state_file_open(const char *directory, const char *election,
                                   struct elector_memo *memo, struct problem *problem) must_use;

/* Overwrites the block. False on failure: what is in the file may then be too old to resume from,
 * so the file has been emptied. */
bool state_file_write(struct state_file *file, const struct elector_memo *memo,
                      struct problem *problem) must_use;

/* Unlocks and closes; NULL is accepted. The file stays. */
void state_file_close(struct state_file *file);

#endif

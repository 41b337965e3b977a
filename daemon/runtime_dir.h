/*
 * $RUNTIME: where the control socket and the state files are.
 *
 * $RUNTIME_DIRECTORY (set by systemd), else /run/leaderd if writable, else
 * $XDG_RUNTIME_DIR/leaderd, else /tmp/leaderd-UID, which must be ours: somebody else's is refused,
 * since whoever owns it could answer in our place.
 */
#ifndef LEADERD_DAEMON_RUNTIME_DIR_H
#define LEADERD_DAEMON_RUNTIME_DIR_H

#include "lib/base/problem.h"

enum { RUNTIME_DIR_SIZE = 256, RUNTIME_DIR_CANDIDATES = 4 };

/* For the daemon: chooses the directory and makes it where it is missing. */
bool runtime_dir_make(char dir[RUNTIME_DIR_SIZE], struct problem *problem) must_use;

/* For clients: where a daemon's directory may be, best first; nothing is made. A daemon run by
 * another user is found too, as far as its socket may be opened. Returns how many. */
unsigned runtime_dir_candidates(char dirs[RUNTIME_DIR_CANDIDATES][RUNTIME_DIR_SIZE]);

#endif

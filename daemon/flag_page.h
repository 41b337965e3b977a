/*
 * The leader flag of one election: a page of shared memory at `$RUNTIME/<election>.lease`, which
 * programs of this host read without a request. Its layout and its reader are lib/leaderd_flag.h.
 *
 * The file is locked for as long as the page is kept: of two daemons with one $RUNTIME only the
 * first has pages. It stays when the daemon ends, and says "not leader", so that readers that have
 * it mapped see the next daemon's page in it.
 */
#ifndef LEADERD_DAEMON_FLAG_PAGE_H
#define LEADERD_DAEMON_FLAG_PAGE_H

#include "daemon/boot_id.h"
#include "lib/base/problem.h"

#include <stdint.h>

struct flag_page;

/* Says "not leader" to begin with. NULL with `problem` when the file cannot be had, or this host
 * has no boot id. */
struct flag_page *flag_page_open(const char *directory, const char *election,
                                 struct problem *problem) must_use;

/* What readers see from now on; zeros for "not leader" and for "holds no lease". */
void flag_page_show(struct flag_page *page, int64_t token, int64_t leads_until_boottime_ms,
                    int64_t deadline_boottime_ms);

/* Says "not leader" and lets the page go; NULL is accepted. */
void flag_page_close(struct flag_page *page);

#endif

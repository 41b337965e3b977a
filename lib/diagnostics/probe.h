/*
 * One question to a host over the network: does it accept a TCP connection, does it answer an ICMP
 * echo, what time is it there (SNTP), does it answer an HTTP GET with a status of 200 to 399?
 *
 * ICMP goes through an unprivileged datagram socket, where net.ipv4.ping_group_range allows it.
 * A name's addresses are tried one after the other within the time limit, the next one when the one
 * before fails: one that is silent uses the time up. Only what comes from the address that was
 * asked is an answer.
 */
#ifndef LEADERD_DIAGNOSTICS_PROBE_H
#define LEADERD_DIAGNOSTICS_PROBE_H

#include "lib/diagnostics/sntp_packet.h"

#include <uv.h>

enum probe_kind { PROBE_TCP = 1, PROBE_ICMP, PROBE_SNTP, PROBE_UNIX, PROBE_HTTP };

struct probe_target {
    enum probe_kind kind;
    const char *host; /* a name, an address without brackets, or the path of a socket; copied */
    int port;         /* TCP, SNTP and HTTP */
    const char *path; /* HTTP: the request's, escaped; copied */
};

struct probe_result {
    bool ok;
    int64_t took_us;         /* negative: no answer */
    const char *status;      /* "ok", "refused", "timeout", "unreachable", "unresolved",
                                "not_permitted", "bad_answer", "bad_status", "error" */
    struct problem error;    /* "" when ok */
    struct sntp_result time; /* SNTP only */
};

struct probe;

/* Once, on the loop, never from inside probe_start(). */
typedef void probe_cb(void *owner, const struct probe_result *result);

/* NULL when memory is short. */
struct probe *probe_start(uv_loop_t *loop, const struct probe_target *target, int64_t limit_ms,
                          probe_cb *done, void *owner);

/* Nothing is called any more. Takes NULL, too; not to be used after the callback. */
void probe_cancel(struct probe *probe);

#endif

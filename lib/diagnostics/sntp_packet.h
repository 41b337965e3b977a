/*
 * One exchange of SNTP (RFC 5905 section 14, RFC 4330): the request, and what an answer is worth.
 * Pure; nothing that comes from the wire is trusted.
 */
#ifndef LEADERD_DIAGNOSTICS_SNTP_PACKET_H
#define LEADERD_DIAGNOSTICS_SNTP_PACKET_H

#include "lib/base/problem.h"

#include <stddef.h>
#include <stdint.h>

enum { SNTP_PACKET_SIZE = 48 };

enum sntp_verdict {
    SNTP_GOOD = 1,
    SNTP_FOREIGN, /* not the answer to our request: keep waiting */
    SNTP_BAD,     /* the server's answer, and of no use */
    SNTP_KISS,    /* the server asks to be left alone: ask it less often, or never again */
};

struct sntp_result {
    int64_t offset_us; /* the server's clock less ours */
    int64_t round_trip_us;
    int64_t bound_us; /* the true offset is within this of offset_us */
    int stratum;
    char kiss[5]; /* SNTP_KISS: "DENY", "RSTR", "RATE", … */
};

/* The request tells nothing of us: only `nonce` in the transmit timestamp (RFC 9109's idea). */
void sntp_request(uint8_t packet[SNTP_PACKET_SIZE], uint64_t nonce);

/* Judges what came. `sent_us` and `received_us` are our wall clock at both ends. */
enum sntp_verdict sntp_read(const uint8_t *packet, size_t length, uint64_t nonce, int64_t sent_us,
                            int64_t received_us, struct sntp_result *result,
                            struct problem *problem) must_use;

#endif

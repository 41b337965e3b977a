/*
 * What one run of the diagnostics measured. Plain values; `at_ms` is wall time, 0: not run.
 */
#ifndef LEADERD_DIAGNOSTICS_REPORT_H
#define LEADERD_DIAGNOSTICS_REPORT_H

#include "lib/diagnostics/redis_report.h"

enum { NTP_SERVERS_MAX = 16, NETWORK_TARGETS_MAX = 96, TARGET_SIZE = 272 };

struct ntp_result {
    char server[TARGET_SIZE];
    bool ok;
    int64_t offset_us, round_trip_us;
    int stratum;
    bool left_alone; /* it asked not to be asked again */
    struct problem error;
};

struct clock_report {
    int64_t at_ms, duration_us;
    struct ntp_result ntp[NTP_SERVERS_MAX];
    size_t ntp_count;
    struct {
        bool available, synchronized;
        int64_t max_error_us, estimated_error_us;
    } kernel;
};

struct network_result {
    char host[TARGET_SIZE];
    int port; /* 0: none */
    const char *method;
    bool healthy;
    bool barred;         /* this process may not ask: nothing is known */
    int64_t response_us; /* negative: no answer */
    const char *status;  /* one word */
    struct problem error;
};

struct network_report {
    int64_t at_ms, duration_us;
    struct network_result results[NETWORK_TARGETS_MAX];
    size_t count;
};

struct report {
    int64_t at_ms;
    struct redis_report *redis; /* NULL: not asked for, or no Redis */
    struct clock_report clock;
    struct network_report network;
};

/* `tcp://host:port` and the like. */
void network_target_name(const struct network_result *result, char *out, size_t size);

/* Takes NULL, too. */
void report_free(struct report *report);

#endif

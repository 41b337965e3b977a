/*
 * What the doctor is to look at, from the configuration.
 */
#ifndef LEADERD_DAEMON_DOCTOR_ORDER_H
#define LEADERD_DAEMON_DOCTOR_ORDER_H

#include "config/target.h"
#include "daemon/settings.h"
#include "lib/diagnostics/doctor.h"

/* The caller's storage; what it points to must live until doctor_start() has returned. */
struct doctor_order {
    struct doctor_options options;
    struct redis_address addresses[STORE_URL_HOSTS_MAX];
    struct redis_store_options store;
    const char **elections;
    struct target ntp[CONFIG_NTP_SERVERS_MAX], targets[CONFIG_TARGETS_MAX];
    struct probe_target ntp_servers[CONFIG_NTP_SERVERS_MAX], probe_targets[CONFIG_TARGETS_MAX];
};

/* False when memory is short; end with doctor_order_deinit() in any case. */
bool doctor_order_init(struct doctor_order *order, const struct loaded *loaded) must_use;
void doctor_order_deinit(struct doctor_order *order);

#endif

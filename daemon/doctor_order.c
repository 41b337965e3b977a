#include "daemon/doctor_order.h"

#include "daemon/store_open.h"

#include <stdlib.h>

static void fill_probe(struct target *target, enum probe_kind kind, struct probe_target *probe)
{
    *probe = (struct probe_target){.kind = kind, .host = target->host, .port = target->port};
}

static void fill_ntp(struct doctor_order *order, const struct config_diagnostics *config)
{
    struct problem problem;
    size_t count = 0;
    for (size_t i = 0; i < config->ntp_server_count; i++) {
        struct target *target = &order->ntp[count];
        if (ntp_server_parse(config->ntp_servers[i], target, &problem)) {
            fill_probe(target, PROBE_SNTP, &order->ntp_servers[count++]);
        }
    }
    order->options.ntp_servers = order->ntp_servers;
    order->options.ntp_server_count = count;
    order->options.ntp_timeout_ms = config->ntp_timeout_ms;
}

static void fill_targets(struct doctor_order *order, const struct config_diagnostics *config)
{
    struct problem problem;
    size_t count = 0;
    for (size_t i = 0; i < config->network_target_count; i++) {
        struct target *target = &order->targets[count];
        if (target_parse(config->network_targets[i], target, &problem)) {
            fill_probe(target, target->icmp ? PROBE_ICMP : PROBE_TCP,
                       &order->probe_targets[count++]);
        }
    }
    order->options.targets = order->probe_targets;
    order->options.target_count = count;
}

bool doctor_order_init(struct doctor_order *order, const struct loaded *loaded)
{
    const struct config *config = loaded->config;
    *order = (struct doctor_order){
        .options = {.expiring_ms = config->diagnostics.expiring_threshold_ms}};
    order->elections = calloc(config->election_count, sizeof *order->elections);
    if (order->elections == NULL) {
        return false;
    }
    for (size_t i = 0; i < config->election_count; i++) {
        order->elections[i] = config->elections[i].name;
    }
    order->options.elections = order->elections;
    order->options.election_count = config->election_count;
    if (store_redis_options(loaded, order->addresses, &order->store)) {
        order->store.client_name = "leaderd-diagnose";
        order->options.store = &order->store;
    }
    fill_ntp(order, &config->diagnostics);
    fill_targets(order, &config->diagnostics);
    return true;
}

void doctor_order_deinit(struct doctor_order *order)
{
    free(order->elections);
    order->elections = NULL;
}

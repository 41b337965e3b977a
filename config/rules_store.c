#include "config/finish.h"

#include "lib/base/timetext.h"

#include <string.h>

/* The store under examination. */
struct exam {
    const struct reading *reading;
    const struct config *config;
};

static void find_fault(const struct exam *exam, enum config_severity severity, const char *key,
                       const char *what)
{
    struct config_spot spot = spot_in(exam->config->origin, key, key);
    config_issues_add(exam->reading->issues, severity, &spot, "%s", what);
}

/* The same with the value; nothing when that is not set. */
static void find_fault_with(const struct exam *exam, enum config_severity severity, const char *key,
                            const char *value, const char *what)
{
    char quoted[SHOWN_SIZE];
    struct problem problem;
    if (value != NULL) {
        problem_set(&problem, "%s (value %s)", what, shown(value, quoted));
        find_fault(exam, severity, key, problem.text);
    }
}

static void check_back_off(const struct exam *exam)
{
    const struct config_store *store = &exam->config->store;
    char least[DURATION_TEXT_MAX];
    char most[DURATION_TEXT_MAX];
    struct problem what;
    if (store->reconnect_min_ms > 0 && store->reconnect_max_ms > 0 &&
        store->reconnect_min_ms > store->reconnect_max_ms) {
        duration_format(store->reconnect_min_ms, least);
        duration_format(store->reconnect_max_ms, most);
        problem_set(&what, "must not be longer than store.reconnect.max, %s (value %s)", most,
                    least);
        find_fault(exam, CONFIG_ERROR, "store.reconnect.min", what.text);
    }
}

static void check_password(const struct exam *exam)
{
    const struct config_store *store = &exam->config->store;
    bool in_file = spot_in(exam->config->origin, "store.url", "store.url").line > 0;
    if (store->url.password == NULL) {
        return;
    }
    if (store->password_file != NULL) {
        find_fault(exam, CONFIG_ERROR, "store.url",
                   "holds a password, and store.password_file names one; leave one out");
        return;
    }
    find_fault(exam, CONFIG_WARNING, "store.url",
               "holds a password; store.password_file keeps it out of sight");
    if (in_file && exam->reading->source->readable_by_others) {
        find_fault(exam, CONFIG_WARNING, "store.url",
                   "holds a password, and others can read the file; chmod o-r, or use "
                   "store.password_file");
    }
}

static void check_certificate(const struct exam *exam)
{
    const struct config_tls *tls = &exam->config->store.tls;
    if (tls->key_file == NULL) {
        find_fault_with(exam, CONFIG_ERROR, "store.tls.cert_file", tls->cert_file,
                        "needs store.tls.key_file, the private key of this certificate");
    }
    if (tls->cert_file == NULL) {
        find_fault_with(exam, CONFIG_ERROR, "store.tls.key_file", tls->key_file,
                        "needs store.tls.cert_file, the certificate of this key");
    }
}

static void check_tls(const struct exam *exam)
{
    static const char idle[] = "has no effect: store.url does not begin with rediss";
    const struct config_tls *tls = &exam->config->store.tls;
    if (exam->config->store.url.tls) {
        find_fault_with(exam, CONFIG_WARNING, "store.tls.verify", tls->verify ? NULL : "false",
                        "the server's identity is not checked: whoever answers in its place gets "
                        "the password, and decides who leads");
        return;
    }
    find_fault_with(exam, CONFIG_WARNING, "store.tls.ca_file", tls->ca_file, idle);
    find_fault_with(exam, CONFIG_WARNING, "store.tls.cert_file", tls->cert_file, idle);
    find_fault_with(exam, CONFIG_WARNING, "store.tls.key_file", tls->key_file, idle);
    find_fault_with(exam, CONFIG_WARNING, "store.tls.server_name", tls->server_name, idle);
    find_fault_with(exam, CONFIG_WARNING, "store.tls.verify", tls->verify ? NULL : "false", idle);
}

static void check_sentinels(const struct exam *exam)
{
    static const char idle[] =
        "has no effect: store.url does not begin with redis+sentinel or rediss+sentinel";
    const struct config_store *store = &exam->config->store;
    if (store->url.mode != STORE_SENTINEL) {
        find_fault_with(exam, CONFIG_WARNING, "store.sentinel_username", store->sentinel_username,
                        idle);
        find_fault_with(exam, CONFIG_WARNING, "store.sentinel_password_file",
                        store->sentinel_password_file, idle);
    }
}

static void check_replicas(const struct exam *exam)
{
    const struct config_store *store = &exam->config->store;
    struct problem what;
    if (store->url.kind == STORE_KIND_LOCAL && store->min_replicas > 0) {
        problem_set(&what, "must be 0 with a local store, which has no replicas (value %d)",
                    (int)store->min_replicas);
        find_fault(exam, CONFIG_ERROR, "store.min_replicas", what.text);
    }
}

void config_check_store(const struct reading *reading, const struct config *config)
{
    struct exam exam = {reading, config};
    check_back_off(&exam);
    check_password(&exam);
    check_certificate(&exam);
    if (config->store.url.kind != 0) {
        check_tls(&exam);
        check_sentinels(&exam);
        check_replicas(&exam);
    }
}

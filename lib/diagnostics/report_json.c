#include "lib/diagnostics/report_json.h"

#include "lib/base/timetext.h"
#include "lib/diagnostics/report_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Values of unknown things. */

void add_string_or_null(struct text *text, const char *string)
{
    if (string == NULL || string[0] == '\0') {
        text_add(text, "null");
    } else {
        text_add_json(text, string);
    }
}

/* Rounded to the nearest. */
static int64_t to_ms(int64_t us)
{
    return us < 0 ? -((-us + 500) / 1000) : (us + 500) / 1000;
}

void add_us(struct text *text, const char *lead, const char *name, int64_t us)
{
    text_addf(text, "%s\"%s_ms\":%" PRId64 ",\"%s_us\":%" PRId64, lead, name, to_ms(us), name, us);
}

void add_us_or_null(struct text *text, const char *lead, const char *name, int64_t us)
{
    if (us < 0) {
        text_addf(text, "%s\"%s_ms\":null,\"%s_us\":null", lead, name, name);
    } else {
        add_us(text, lead, name, us);
    }
}

const char *verdict_name(enum exam_verdict verdict)
{
    switch (verdict) {
    case EXAM_UNKNOWN:
        return "unknown";
    case EXAM_PASS:
        return "pass";
    case EXAM_WARN:
        return "warn";
    case EXAM_FAIL:
        return "fail";
    }
    return "unknown";
}

/* Which section a finding belongs to; 0: to none, it is about the daemon. */
static unsigned section_of(enum finding_code code)
{
    if ((code >= FINDING_STORE_UNREACHABLE && code <= FINDING_STORE_RESET) ||
        code == FINDING_CIRCUIT_OPEN) {
        return REPORT_REDIS;
    }
    if (code >= FINDING_CLOCK_OFFSET && code <= FINDING_CLOCK_JUMP) {
        return REPORT_CLOCK;
    }
    if (code == FINDING_NETWORK_UNHEALTHY) {
        return REPORT_NETWORK;
    }
    return code == FINDING_OPTIONS_WARNING || code == FINDING_CONFIG_REFUSED ? REPORT_OPTIONS : 0;
}

static enum exam_verdict verdict_of(const struct findings *findings, unsigned section)
{
    enum exam_verdict worst = EXAM_PASS;
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (section_of(finding->code) != section || finding->severity == FINDING_INFO) {
            continue;
        }
        enum exam_verdict verdict = finding->severity == FINDING_CRITICAL ? EXAM_FAIL : EXAM_WARN;
        worst = verdict > worst ? verdict : worst;
    }
    return worst;
}

/* Opens a section with what each has. */
static void begin_section(struct text *text, const char *name, enum exam_verdict verdict)
{
    text_addf(text, ",\"%s\":{\"status\":\"%s\"", name, verdict_name(verdict));
}

static void add_run(struct text *text, int64_t at_ms, int64_t duration_us, const char *error)
{
    add_instant(text, ",\"at\":", at_ms);
    add_unsigned(text, ",\"duration_ms\":", at_ms > 0 ? (duration_us + 999) / 1000 : -1);
    text_add(text, ",\"error\":");
    add_string_or_null(text, error);
}

static void add_redis_section(struct text *text, const struct report *report,
                              const struct daemon_facts *facts, const struct findings *findings)
{
    const struct redis_report *redis = report->redis;
    bool made = redis != NULL && redis->error.text[0] == '\0';
    begin_section(text, "redis", redis == NULL ? EXAM_UNKNOWN : verdict_of(findings, REPORT_REDIS));
    add_run(text, redis != NULL ? redis->at_ms : 0, redis != NULL ? redis->duration_us : 0,
            redis == NULL ? "there is no Redis to examine: the store is a file on this host"
            : made        ? NULL
                          : redis->error.text);
    (void)facts;
    if (redis != NULL) {
        add_redis(text, redis);
    } else {
        text_add(text, ",\"mode\":\"embedded\"");
    }
    text_add(text, "}");
}

static void add_ntp(struct text *text, const struct ntp_result *ntp)
{
    add_string(text, "{\"server\":", ntp->server);
    add_bool(text, ",\"ok\":", ntp->ok);
    if (ntp->ok) {
        add_us(text, ",", "offset", ntp->offset_us);
    } else {
        text_add(text, ",\"offset_ms\":null,\"offset_us\":null");
    }
    add_us_or_null(text, ",", "round_trip", ntp->ok ? ntp->round_trip_us : -1);
    add_unsigned(text, ",\"stratum\":", ntp->ok ? ntp->stratum : -1);
    text_add(text, ",\"error\":");
    add_string_or_null(text, ntp->error.text);
    text_add(text, "}");
}

static void add_server_time(struct text *text, const struct redis_report *redis)
{
    const struct exam_node *node = redis != NULL ? redis_report_primary(redis) : NULL;
    text_add(text, ",\"redis_time\":{");
    if (node != NULL && node->has_time) {
        add_us(text, "", "offset", node->time_offset_us);
        add_us(text, ",", "round_trip", node->time_round_trip_us);
    } else {
        text_add(text, "\"offset_ms\":null,\"offset_us\":null,\"round_trip_ms\":null,"
                       "\"round_trip_us\":null");
    }
    text_add(text, "}");
}

static void add_drift(struct text *text, const struct daemon_facts *facts)
{
    text_add(text, ",\"drift\":{");
    if (facts->has_drift) {
        text_addf(text, "\"ppm\":%.3f,\"uncertainty_ppm\":%.3f", facts->drift_ppm,
                  facts->drift_uncertainty_ppm);
    } else {
        text_add(text, "\"ppm\":null,\"uncertainty_ppm\":null");
    }
    add_unsigned(text, ",\"window_ms\":", facts->has_drift ? facts->drift_window_ms : -1);
    text_add(text, "}");
}

static void add_clock_section(struct text *text, const struct report *report,
                              const struct daemon_facts *facts, const struct findings *findings)
{
    const struct clock_report *clock = &report->clock;
    begin_section(text, "clock",
                  clock->at_ms > 0 ? verdict_of(findings, REPORT_CLOCK) : EXAM_UNKNOWN);
    add_run(text, clock->at_ms, clock->duration_us, NULL);
    text_add(text, ",\"ntp\":[");
    for (size_t i = 0; i < clock->ntp_count; i++) {
        text_add(text, i > 0 ? "," : "");
        add_ntp(text, &clock->ntp[i]);
    }
    text_addf(text, "],\"tolerance_ms\":%" PRId64, facts->ntp_tolerance_ms);
    add_server_time(text, report->redis);
    add_drift(text, facts);
    bool known = clock->kernel.available;
    add_bool(text, ",\"kernel\":{\"available\":", known);
    text_addf(text, ",\"synchronized\":%s",
              !known                       ? "null"
              : clock->kernel.synchronized ? "true"
                                           : "false");
    add_us_or_null(text, ",", "max_error", known ? clock->kernel.max_error_us : -1);
    add_us_or_null(text, ",", "estimated_error", known ? clock->kernel.estimated_error_us : -1);
    text_addf(text, "},\"jumps\":{\"count\":%" PRId64, facts->jumps);
    add_instant(text, ",\"last_at\":", facts->last_jump_at_ms);
    text_add(text, ",\"last_ms\":");
    text_addf(text, facts->jumps > 0 ? "%" PRId64 "}}" : "null}}", facts->last_jump_ms);
}

static void add_network_result(struct text *text, const struct network_result *result)
{
    add_string(text, "{\"host\":", result->host);
    add_unsigned(text, ",\"port\":", result->port > 0 ? result->port : -1);
    text_addf(text, ",\"method\":\"%s\",\"healthy\":%s", result->method,
              result->barred    ? "null"
              : result->healthy ? "true"
                                : "false");
    add_us_or_null(text, ",", "response_time", result->response_us);
    text_addf(text, ",\"status\":\"%s\",\"error\":", result->status);
    add_string_or_null(text, result->error.text);
    text_add(text, "}");
}

void network_target_name(const struct network_result *result, char *out, size_t size)
{
    bool six = strchr(result->host, ':') != NULL && result->port > 0;
    if (result->port > 0) {
        (void)snprintf(out, size, six ? "%s://[%s]:%d" : "%s://%s:%d", result->method, result->host,
                       result->port);
    } else {
        (void)snprintf(out, size, "%s:%s%s", result->method,
                       strcmp(result->method, "unix") == 0 ? "" : "//", result->host);
    }
}

static void add_network_section(struct text *text, const struct report *report,
                                const struct findings *findings)
{
    const struct network_report *network = &report->network;
    enum exam_verdict verdict =
        network->at_ms > 0 ? verdict_of(findings, REPORT_NETWORK) : EXAM_UNKNOWN;
    begin_section(text, "network", verdict);
    add_run(text, network->at_ms, network->duration_us, NULL);
    text_addf(text, ",\"overall\":%s,\"results\":[",
              verdict == EXAM_UNKNOWN ? "null"
              : verdict == EXAM_PASS  ? "\"healthy\""
                                      : "\"degraded\"");
    for (size_t i = 0; i < network->count; i++) {
        text_add(text, i > 0 ? "," : "");
        add_network_result(text, &network->results[i]);
    }
    text_add(text, "]}");
}

static void add_options_section(struct text *text, const struct report *report,
                                const struct daemon_facts *facts, const struct findings *findings)
{
    begin_section(text, "options", verdict_of(findings, REPORT_OPTIONS));
    add_run(text, report->at_ms, 0, NULL);
    text_add(text, ",\"issues\":[");
    for (size_t i = 0; i < facts->option_count; i++) {
        const struct option_issue *issue = &facts->options[i];
        text_add(text, i > 0 ? ",{\"election\":" : "{\"election\":");
        add_string_or_null(text, issue->election);
        add_string(text, ",\"field\":", issue->field);
        add_string(text, ",\"severity\":\"warning\",\"message\":", issue->message);
        text_add(text, "}");
    }
    text_add(text, "]}");
}

unsigned report_section_of(const char *name, size_t length)
{
    static const struct {
        const char *name;
        enum report_section section;
    } sections[] = {{"redis", REPORT_REDIS},
                    {"clock", REPORT_CLOCK},
                    {"network", REPORT_NETWORK},
                    {"options", REPORT_OPTIONS}};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (strlen(sections[i].name) == length && memcmp(sections[i].name, name, length) == 0) {
            return sections[i].section;
        }
    }
    return 0;
}

void report_render(struct text *text, const struct report *report, const struct daemon_facts *facts,
                   const struct findings *findings, unsigned sections)
{
    add_instant(text, "{\"generated_at\":", report->at_ms);
    text_addf(text, ",\"overall\":\"%s\"", findings_overall(findings));
    if (sections & REPORT_REDIS) {
        add_redis_section(text, report, facts, findings);
    }
    if (sections & REPORT_CLOCK) {
        add_clock_section(text, report, facts, findings);
    }
    if (sections & REPORT_NETWORK) {
        add_network_section(text, report, findings);
    }
    if (sections & REPORT_OPTIONS) {
        add_options_section(text, report, facts, findings);
    }
    text_add(text, ",\"findings\":[");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        text_addf(text, "%s{\"code\":\"%s\",\"severity\":\"%s\",\"message\":", i > 0 ? "," : "",
                  finding_code_name(finding->code), finding_severity_name(finding->severity));
        text_add_json(text, finding->message);
        add_string(text, ",\"advice\":", finding->advice);
        text_add(text, "}");
    }
    text_add(text, "]}\n");
}

/* Probes and metrics: what kubelet and Prometheus ask. */
#include "daemon/api.h"

#include "daemon/log.h"
#include "daemon/process_stats.h"
#include "lib/base/timetext.h"
#include "lib/status/document.h"
#include "lib/status/metrics.h"

#include <stdlib.h>

/* The engine works as long as no election's timer is long overdue. A stuck loop cannot answer. */
void api_livez(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct moment now = moment_now();
    struct text body = {0};
    bool stuck = false;
    for (size_t i = 0; i < app->election_count; i++) {
        stuck |= election_is_stuck(app->elections[i], now);
    }
    if (http_call_format(call) == HTTP_TEXT) {
        text_add(&body, stuck ? "error: the election engine is stuck\n" : "ok\n");
    } else {
        text_addf(&body, "{\"status\":\"%s\"}\n", stuck ? "stuck" : "ok");
    }
    api_answer(call, stuck ? 503 : 200, &body);
}

static bool is_known(const struct api_look *look)
{
    return look->view.state != ELECTOR_STARTING && look->view.state != ELECTOR_UNREACHABLE &&
           look->view.state != ELECTOR_STOPPED;
}

static bool wants_lines(struct http_call *call)
{
    return http_call_query(call, "verbose") != NULL || http_call_format(call) == HTTP_TEXT;
}

void api_readyz(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct text body = {0};
    struct api_look look;
    bool lines = wants_lines(call);
    bool ready = !app->shutting_down;
    api_look(app, &look);
    text_add(&body, lines ? "" : "{\"elections\":{");
    for (size_t i = 0; i < app->election_count; i++) {
        api_look_at(app, &look, app->elections[i]);
        const char *state = elector_state_name(look.view.state);
        bool known = is_known(&look);
        ready &= known;
        if (lines) {
            text_addf(&body, "[%c]%s %s\n", known ? '+' : '-', look.status.name, state);
        } else {
            text_add(&body, i > 0 ? "," : "");
            text_add_json(&body, look.status.name);
            text_addf(&body, ":\"%s\"", state);
        }
    }
    if (lines) {
        text_addf(&body, "readyz check %s\n", ready ? "passed" : "failed");
        http_call_answer(call, ready ? 200 : 503, "text/plain; charset=utf-8", &body);
        return;
    }
    text_addf(&body, "},\"ready\":%s,\"shutting_down\":%s}\n", ready ? "true" : "false",
              app->shutting_down ? "true" : "false");
    api_answer(call, ready ? 200 : 503, &body);
}

void api_healthz(void *owner, struct http_call *call)
{
    struct text body = {0};
    (void)owner;
    if (wants_lines(call)) {
        text_add(&body, "[?]connectivity unknown\n[?]lease_operations unknown\n"
                        "[?]performance unknown\nhealthz check not run yet\n");
        http_call_answer(call, 200, "text/plain; charset=utf-8", &body);
        return;
    }
    static const char unknown[] = "\"status\":\"unknown\",\"duration_ms\":null,\"at\":null,"
                                  "\"error\":null";
    text_addf(&body,
              "{\"status\":null,\"checked_at\":null,\"checks\":{\"connectivity\":{%s},"
              "\"lease_operations\":{%s,\"steps\":{\"acquire\":\"unknown\",\"verify\":\"unknown\","
              "\"renew\":\"unknown\",\"release\":\"unknown\"}},"
              "\"performance\":{%s,\"threshold_ms\":1000}}}\n",
              unknown, unknown, unknown);
    api_answer(call, 200, &body);
}

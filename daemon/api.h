/*
 * The HTTP interface: routes and their handlers.
 *
 * Handlers look at the present truth, render it, and answer; the rules of HTTP itself are
 * lib/http's.
 */
#ifndef LEADERD_DAEMON_API_H
#define LEADERD_DAEMON_API_H

#include "daemon/app.h"

/* Opens all listeners and serves; NULL with a problem when an address cannot be had. */
struct http_server *api_open(struct app *app, struct problem *problem);

/* The rest is shared by the files of the interface. */

/* One election at one moment, as the renderers take it. */
struct api_look {
    struct status_daemon daemon;
    struct moment now;
    struct elector_view view;
    struct status_election status;
};

/* Looks at the daemon; then at one of its elections (as often as needed, for the same moment). */
void api_look(const struct app *app, struct api_look *look);
void api_look_at(struct api_look *look, const struct election *election);

/* Adds the headers that a shell needs of one election. */
void api_election_headers(struct http_call *call, const struct api_look *look);

/* Answers that there is no such election, or, at a shutdown, that there is none any more. */
void api_no_election(const struct app *app, struct http_call *call, const char *name);

/* The election that the path or the query names, or the only one. NULL: the call was answered. */
struct election *api_named_election(struct app *app, struct http_call *call);
struct election *api_path_election(struct app *app, struct http_call *call);

/* Reads a duration of the query into `ms`, which keeps its value when it is not given. False: the
 * call was answered with a problem. */
bool api_query_duration(struct http_call *call, const char *name, int64_t *ms) must_use;

/* Is `name` one that a workload may have? False: the call was answered with a problem. */
bool api_workload_is_good(struct http_call *call, const char *name) must_use;

/* Answers JSON, or text where the call prefers it. Takes the body away. */
void api_answer(struct http_call *call, int code, struct text *body);

/* api_status.c */
void api_status(void *owner, struct http_call *call);
void api_elections(void *owner, struct http_call *call);
void api_one_election(void *owner, struct http_call *call);
void api_leader(void *owner, struct http_call *call);
void api_follower(void *owner, struct http_call *call);
void api_overview(void *owner, struct http_call *call);

/* api_page.c */
void api_page(struct http_call *call);

/* api_health.c */
void api_livez(void *owner, struct http_call *call);
void api_readyz(void *owner, struct http_call *call);
void api_metrics(void *owner, struct http_call *call);

/* Does the caller want a line for each check? False: the call was answered with a problem. */
bool api_read_verbose(struct http_call *call, bool *lines) must_use;

/* api_diagnostics.c */
void api_healthz(void *owner, struct http_call *call);
void api_diagnostics(void *owner, struct http_call *call);
void api_diagnose(void *owner, struct http_call *call);
/* Answers whoever waits for a run: there will be none. */
void api_diagnostics_end(struct app *app);

/* api_control.c */
void api_step_down(void *owner, struct http_call *call);
void api_released(void *owner, struct http_call *call);
void api_pause(void *owner, struct http_call *call);
void api_resume(void *owner, struct http_call *call);
void api_bootstrap(void *owner, struct http_call *call);
void api_vacate(void *owner, struct http_call *call);
void api_reload(void *owner, struct http_call *call);

#endif

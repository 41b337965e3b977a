/* The paths that tell who leads. */
#include "daemon/api.h"

#include "lib/status/document.h"

#include <stdio.h>
#include <string.h>

/* Adds each election to the document that is in the making. */
static void add_elections(struct app *app, struct status_document *document, struct api_look *look)
{
    for (size_t i = 0; i < app->election_count; i++) {
        api_look_at(look, app->elections[i]);
        status_document_add(document, &look->status);
    }
}

static void render_status(struct app *app, struct text *body)
{
    struct api_look look;
    struct status_document document;
    api_look(app, &look);
    status_document_begin(&document, body, &look.daemon, NULL);
    add_elections(app, &document, &look);
    status_document_end(&document);
}

static void render_status_text(struct app *app, struct text *body)
{
    struct api_look look;
    api_look(app, &look);
    status_add_daemon_text(body, &look.daemon);
    for (size_t i = 0; i < app->election_count; i++) {
        api_look_at(&look, app->elections[i]);
        status_add_election_text(body, &look.status, &look.daemon);
    }
}

/* Answers one member of `json` bare, or says that there is none. Takes `json` away. */
static void answer_field(struct http_call *call, struct text *json, const char *field)
{
    struct text value = {0};
    bool known = !json->failed && status_add_field(&value, json->bytes, json->length, field);
    value.failed = value.failed || json->failed;
    text_free(json);
    if (known || value.failed) {
        http_call_answer(call, 200, "text/plain; charset=utf-8", &value);
        return;
    }
    text_free(&value);
    char detail[256];
    (void)snprintf(detail, sizeof detail,
                   "field: there is no %.100s; name a member of the JSON answer, such as "
                   "daemon.version or elections.NAME.is_leader",
                   field);
    http_call_problem(call, "bad_parameter", detail);
}

void api_status(void *owner, struct http_call *call)
{
    struct text body = {0};
    const char *field = http_call_query(call, "field");
    if (field == NULL && http_call_format(call) == HTTP_TEXT) {
        render_status_text(owner, &body);
    } else {
        render_status(owner, &body);
    }
    if (field != NULL) {
        answer_field(call, &body, field);
    } else {
        api_answer(call, 200, &body);
    }
}

void api_overview(void *owner, struct http_call *call)
{
    struct text body = {0};
    if (http_call_format(call) == HTTP_HTML) {
        api_page(call);
        return;
    }
    if (http_call_format(call) == HTTP_JSON) { /* by ?format=json: Accept alone gets text */
        render_status(owner, &body);
    } else {
        render_status_text(owner, &body);
    }
    api_answer(call, 200, &body);
}

void api_elections(void *owner, struct http_call *call)
{
    struct app *app = owner;
    const struct config *config = app->loaded.config;
    struct text body = {0};
    if (http_call_format(call) == HTTP_TEXT) {
        for (size_t i = 0; i < config->election_count; i++) {
            text_addf(&body, "%s\n", config->elections[i].name);
        }
    } else {
        text_add(&body, "{\"elections\":[");
        for (size_t i = 0; i < config->election_count; i++) {
            text_add(&body, i > 0 ? "," : "");
            text_add_json(&body, config->elections[i].name);
        }
        text_add(&body, "]}\n");
    }
    api_answer(call, 200, &body);
}

void api_one_election(void *owner, struct http_call *call)
{
    struct election *election = api_path_election(owner, call);
    const char *field = http_call_query(call, "field");
    struct text body = {0};
    struct api_look look;
    if (election == NULL) {
        return;
    }
    api_look(owner, &look);
    api_look_at(&look, election);
    api_election_headers(call, &look);
    if (field == NULL && http_call_format(call) == HTTP_TEXT) {
        status_add_election_text(&body, &look.status, &look.daemon);
    } else {
        status_add_election(&body, &look.status, &look.daemon);
    }
    if (field != NULL) {
        answer_field(call, &body, field);
    } else {
        api_answer(call, 200, &body);
    }
}

static void answer_check(struct http_call *call, const struct api_look *look, bool yes)
{
    struct text body = {0};
    api_election_headers(call, look);
    if (http_call_format(call) == HTTP_TEXT) {
        status_add_check_text(&body, &look->status, &look->daemon);
    } else {
        status_add_check(&body, &look->status, &look->daemon);
    }
    api_answer(call, yes ? 200 : 503, &body);
}

void api_leader(void *owner, struct http_call *call)
{
    struct election *election = api_named_election(owner, call);
    int64_t min_remaining_ms = 0;
    struct api_look look;
    if (election == NULL || !api_query_duration(call, "min_remaining", &min_remaining_ms)) {
        return;
    }
    api_look(owner, &look);
    api_look_at(&look, election);
    bool leads = status_is_leader(&look.status, &look.daemon);
    answer_check(call, &look, leads && look.view.remaining_ms >= min_remaining_ms);
}

void api_follower(void *owner, struct http_call *call)
{
    struct election *election = api_named_election(owner, call);
    struct api_look look;
    if (election == NULL) {
        return;
    }
    api_look(owner, &look);
    api_look_at(&look, election);
    answer_check(call, &look,
                 look.view.participating && look.view.leader_known && !look.view.leader_is_self);
}

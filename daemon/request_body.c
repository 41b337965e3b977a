#include "daemon/request_body.h"

#include "lib/base/timetext.h"
#include "lib/diagnostics/report_json.h"
#include "lib/lease/lease.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_duration(const json_t *value, int64_t *ms)
{
    return json_is_string(value) && duration_parse(json_string_value(value), false, ms);
}

static bool read_reason(const json_t *value, char **reason)
{
    if (!json_is_string(value) || json_string_length(value) > BODY_REASON_MAX) {
        return false;
    }
    *reason = strdup(json_string_value(value));
    return *reason != NULL;
}

static bool read_token(const json_t *value, struct request_body *body)
{
    body->has_token = true;
    body->if_fencing_token = json_integer_value(value);
    return json_is_integer(value) && body->if_fencing_token >= 0 &&
           body->if_fencing_token <= LEASE_TERM_MAX;
}

static bool read_sections(const json_t *value, unsigned *sections)
{
    size_t index;
    json_t *item;
    json_array_foreach((json_t *)(uintptr_t)value, index, item)
    {
        unsigned section = json_is_string(item) ? report_section_of(json_string_value(item),
                                                                    json_string_length(item))
                                                : 0;
        if (section == 0 || (*sections & section) != 0) {
            return false;
        }
        *sections |= section;
    }
    return json_array_size(value) > 0;
}

/* Reads one member; says what would be right when it is not. */
static bool read_member(const char *key, const json_t *value, unsigned members,
                        struct request_body *body, struct problem *problem)
{
    static const char duration[] = "a duration such as \"30s\"";
    if ((members & BODY_HOLD_OFF) != 0 && strcmp(key, "hold_off") == 0) {
        return read_duration(value, &body->hold_off_ms) ||
               problem_set(problem, "hold_off must be %s", duration);
    }
    if ((members & BODY_DRAIN) != 0 && strcmp(key, "drain") == 0) {
        return read_duration(value, &body->drain_ms) ||
               problem_set(problem, "drain must be %s", duration);
    }
    if ((members & BODY_FOR) != 0 && strcmp(key, "for") == 0) {
        return read_duration(value, &body->for_ms) ||
               problem_set(problem, "for must be %s", duration);
    }
    if ((members & BODY_REASON) != 0 && strcmp(key, "reason") == 0) {
        return read_reason(value, &body->reason) ||
               problem_set(problem, "reason must be a string of at most %d bytes", BODY_REASON_MAX);
    }
    if ((members & BODY_TOKEN) != 0 && strcmp(key, "if_fencing_token") == 0) {
        return read_token(value, body) ||
               problem_set(problem, "if_fencing_token must be a whole number");
    }
    if ((members & BODY_SECTIONS) != 0 && strcmp(key, "sections") == 0) {
        return read_sections(value, &body->sections) ||
               problem_set(problem, "sections must be a list of redis, clock, network, options");
    }
    return problem_set(problem, "unknown member \"%.64s\"", key);
}

static bool read_object(const json_t *object, unsigned members, struct request_body *body,
                        struct problem *problem)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        return problem_set(problem, "the body must be a JSON object");
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!read_member(key, value, members, body, problem)) {
            return false;
        }
    }
    return true;
}

bool request_body_read(struct http_call *call, unsigned members, struct request_body *body)
{
    size_t length = 0;
    const char *bytes = http_call_body(call, &length);
    json_error_t error;
    struct problem problem = {0};
    *body = (struct request_body){.hold_off_ms = -1, .drain_ms = -1, .for_ms = -1};
    if (length == 0) {
        return true;
    }
    json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        (void)problem_set(&problem, "the body is not JSON: %s at byte %d", error.text,
                          error.position);
    } else if (read_object(object, members, body, &problem)) {
        json_decref(object);
        return true;
    }
    json_decref(object);
    request_body_deinit(body);
    http_call_problem(call, "bad_body", problem.text);
    return false;
}

void request_body_deinit(struct request_body *body)
{
    free(body->reason);
    body->reason = NULL;
}

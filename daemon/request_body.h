/*
 * The JSON bodies of the control paths: an object of known members, all optional.
 */
#ifndef LEADERD_DAEMON_REQUEST_BODY_H
#define LEADERD_DAEMON_REQUEST_BODY_H

#include "lib/base/problem.h"
#include "lib/http/http.h"

#include <stdint.h>

/* Members that a path accepts; any other is refused. */
enum {
    BODY_HOLD_OFF = 1,
    BODY_DRAIN = 2,
    BODY_REASON = 4,
    BODY_TOKEN = 8,
    BODY_FOR = 16,
    BODY_SECTIONS = 32,
};

enum { BODY_REASON_MAX = 200 /* bytes */ };

struct request_body {
    int64_t hold_off_ms, drain_ms, for_ms; /* -1: not given */
    bool has_token;
    int64_t if_fencing_token;
    char *reason;      /* NULL: not given */
    unsigned sections; /* of diagnostics, as bits of enum report_section; 0: not given */
};

/* Reads the call's body; an empty one is an empty object. False: the call was answered with a
 * problem. End with request_body_deinit(). */
bool request_body_read(struct http_call *call, unsigned members,
                       struct request_body *body) must_use;

void request_body_deinit(struct request_body *body);

#endif

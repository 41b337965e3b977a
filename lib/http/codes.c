#include "lib/http/codes.h"

#include <string.h>

static const struct http_code codes[] = {
    {"unknown_parameter", 400, "Unknown query parameter", true},
    {"repeated_parameter", 400, "Repeated query parameter", true},
    {"bad_parameter", 400, "Bad query parameter", true},
    {"bad_cursor", 400, "Bad cursor", true},
    {"bad_body", 400, "Bad request body", true},
    {"bad_request", 400, "Bad request", true},
    {"election_required", 400, "Election required", false},
    {"election_not_found", 404, "Election not found", false},
    {"not_found", 404, "Not found", true},
    {"method_not_allowed", 405, "Method not allowed", true},
    {"not_acceptable", 406, "Not acceptable", true},
    {"unsupported_media_type", 415, "Unsupported media type", true},
    {"body_too_large", 413, "Request body too large", true},
    {"uri_too_long", 414, "Request line too long", true},
    {"headers_too_large", 431, "Request headers too large", true},
    {"host_not_allowed", 421, "Host not allowed", true},
    {"cross_site", 403, "Cross-site request", true},
    {"unauthorized", 401, "Unauthorized", true},
    {"role_too_low", 403, "Listener's role too low", true},
    {"not_leader", 409, "Not the leader", false},
    {"token_mismatch", 412, "Fencing token mismatch", false},
    {"not_draining", 409, "Not draining", false},
    {"held", 409, "Lease is held", false},
    {"busy", 429, "Busy", false},
    {"too_many_watchers", 429, "Too many watchers", true},
    {"too_many_connections", 503, "Too many connections", true},
    {"config_refused", 422, "Configuration refused", false},
    {"not_ready", 503, "Not ready", false},
    {"shutting_down", 503, "Shutting down", false},
    {"timeout", 408, "Request timeout", true},
    {"malformed", 400, "Malformed request", true},
};

const struct http_code *http_code_at(size_t index)
{
    return index < sizeof codes / sizeof codes[0] ? &codes[index] : NULL;
}

const struct http_code *http_code_find(const char *code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i].code, code) == 0) {
            return &codes[i];
        }
    }
    return NULL;
}

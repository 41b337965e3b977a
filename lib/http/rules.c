#include "lib/http/rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool http_path_fits(const char *pattern, const char *path, char name[HTTP_NAME_MAX])
{
    name[0] = '\0';
    const char *brace = strchr(pattern, '{');
    if (brace == NULL) {
        return strcmp(pattern, path) == 0;
    }
    size_t before = (size_t)(brace - pattern);
    const char *after = strchr(brace, '}') + 1;
    if (strncmp(pattern, path, before) != 0) {
        return false;
    }
    size_t length = strcspn(path + before, "/");
    if (length == 0 || length >= HTTP_NAME_MAX || strcmp(path + before + length, after) != 0) {
        return false;
    }
    memcpy(name, path + before, length);
    name[length] = '\0';
    return true;
}

/* Splits HOST[:PORT] or [HOST][:PORT]; false when it is malformed. */
static bool split_host(const char *value, char *host, size_t size)
{
    bool bracketed = value[0] == '[';
    size_t length = bracketed ? strcspn(value + 1, "]") : strcspn(value, ":");
    const char *rest = value + length + (bracketed ? 1 : 0);
    if (bracketed && *rest++ != ']') {
        return false;
    }
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(host, value + (bracketed ? 1 : 0), length);
    host[length] = '\0';
    return rest[0] == '\0' || (rest[0] == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

static bool host_matches(const char *host, const char *rule)
{
    if (rule[0] != '*') {
        return strcasecmp(host, rule) == 0;
    }
    size_t suffix = strlen(rule + 1);
    size_t length = strlen(host);
    return length > suffix && strcasecmp(host + length - suffix, rule + 1) == 0;
}

bool http_host_allowed(const char *host, char *const *allowed, size_t count)
{
    char name[256];
    unsigned char address[sizeof(struct in6_addr)];
    if (!split_host(host, name, sizeof name)) {
        return false;
    }
    bool literal =
        inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
    if (literal || strcasecmp(name, "localhost") == 0) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (host_matches(name, allowed[i])) {
            return true;
        }
    }
    return false;
}

bool http_origin_is(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

bool http_token_fits(const char *authorization, const char *token)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL || token == NULL ||
        strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    const char *given = authorization + sizeof scheme - 1;
    size_t length = strlen(token);
    volatile unsigned char difference = strlen(given) != length;
    size_t compared = difference != 0 ? 0 : length;
    for (size_t i = 0; i < compared; i++) {
        difference |= (unsigned char)(given[i] ^ token[i]);
    }
    return difference == 0;
}

static const struct {
    enum http_format format;
    const char *type, *range;
} types[] = {{HTTP_JSON, "application/json", "application/*"},
             {HTTP_TEXT, "text/plain", "text/*"},
             {HTTP_HTML, "text/html", "text/*"},
             {HTTP_EVENTS, "text/event-stream", "text/*"},
             {HTTP_METRICS, "text/plain", "text/*"},
             {HTTP_OPENMETRICS, "application/openmetrics-text", "application/*"}};

/* How exactly a media range of Accept names the type: 3 by name, 2 by its main type, 1 by any. */
static int exactness(const char *range, size_t length, size_t type)
{
    if (strlen(types[type].type) == length && strncasecmp(range, types[type].type, length) == 0) {
        return 3;
    }
    if (strlen(types[type].range) == length && strncasecmp(range, types[type].range, length) == 0) {
        return 2;
    }
    return length == 3 && strncmp(range, "*/*", 3) == 0 ? 1 : 0;
}

/* A weight in thousandths, with at most three digits after the point, as RFC 9110 has them; Java's
 * own client leaves out the zero before it. What is none weighs nothing. */
static int parse_weight(const char *text)
{
    int weight = 0;
    if (text[0] == '1') {
        return 1000;
    }
    text += text[0] == '0';
    if (*text++ != '.') {
        return 0;
    }
    for (int unit = 100; unit > 0 && *text >= '0' && *text <= '9'; unit /= 10) {
        weight += (*text++ - '0') * unit;
    }
    return weight;
}

/* The weight of one element, in thousandths; 1000 without a q. */
static int weight_of(const char *element, size_t length)
{
    for (size_t i = 0; i + 3 < length; i++) {
        if (element[i] != ';') {
            continue;
        }
        size_t at = i + 1 + strspn(element + i + 1, " \t");
        if (at + 2 < length && (element[at] == 'q' || element[at] == 'Q') &&
            element[at + 1] == '=') {
            return parse_weight(element + at + 2);
        }
    }
    return 1000;
}

/* The weight that Accept gives to one type: that of the most exact range that names it. */
static int weight_for(const char *accept, size_t type)
{
    int weight = 0;
    int best = 0;
    while (*accept != '\0') {
        accept += strspn(accept, " \t,");
        size_t length = strcspn(accept, ",");
        size_t name = strcspn(accept, "; \t,");
        int exact = name > 0 ? exactness(accept, name < length ? name : length, type) : 0;
        if (exact > best) {
            best = exact;
            weight = weight_of(accept, length);
        }
        accept += length;
    }
    return weight;
}

enum http_format http_accept(const char *accept, unsigned offered)
{
    enum http_format best = 0;
    int best_weight = 0;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool known = ((unsigned)types[i].format & offered) != 0;
        int weight = !known ? 0 : accept == NULL ? 1000 : weight_for(accept, i);
        if (weight > best_weight) {
            best = types[i].format;
            best_weight = weight;
        }
    }
    return best;
}

enum http_format http_format_named(const char *word)
{
    return strcmp(word, "json") == 0 ? HTTP_JSON : strcmp(word, "text") == 0 ? HTTP_TEXT : 0;
}

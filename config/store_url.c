#include "config/store_url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SOCKET_PATH_MAX = 107, FILE_PATH_MAX = 4095, HOST_MAX = 253 };

static int hex_digit(char c)
{
    if (isdigit((unsigned char)c)) {
        return c - '0';
    }
    return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* The byte that `%XX` at `text` means; -1 when it is malformed, or NUL. */
static int decode_byte(const char *text, size_t length)
{
    if (length < 3 || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0) {
        return -1;
    }
    int byte = hex_digit(text[1]) << 4 | hex_digit(text[2]);
    return byte > 0 ? byte : -1;
}

/* Decodes into a new string; NULL with a problem. */
static char *decode(const char *text, size_t length, struct problem *problem)
{
    char *out = calloc(1, length + 1);
    if (out == NULL) {
        problem_set(problem, "cannot be kept: out of memory");
        return NULL;
    }
    size_t size = 0;
    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)text[i];
        if (text[i] == '%') {
            byte = decode_byte(text + i, length - i);
            i += 2;
        }
        if (byte < 0) {
            problem_set(problem, "has a %% without two hexadecimal digits behind it");
            explicit_bzero(out, size);
            free(out);
            return NULL;
        }
        out[size++] = (char)byte;
    }
    return out;
}

static bool parse_number(const char *text, size_t length, int limit, int *number)
{
    int value = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i]) || value > limit / 10) {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    *number = value;
    return length > 0 && value <= limit;
}

static bool parse_db(const char *text, size_t length, struct store_url *url,
                     struct problem *problem)
{
    if (parse_number(text, length, STORE_URL_DB_MAX, &url->db)) {
        return true;
    }
    return problem_set(problem, "must have a database number of 0 to %d", STORE_URL_DB_MAX);
}

static bool parse_path(const char *text, size_t length, size_t limit, struct store_url *url,
                       struct problem *problem)
{
    url->path = decode(text, length, problem);
    if (url->path == NULL) {
        return false;
    }
    size_t size = strlen(url->path);
    if (url->path[0] != '/' || size < 2 || size > limit) {
        return problem_set(problem, "must have an absolute path of at most %zu bytes", limit);
    }
    return true;
}

static bool parse_local(const char *rest, struct store_url *url, struct problem *problem)
{
    url->kind = STORE_KIND_LOCAL;
    return parse_path(rest, strlen(rest), FILE_PATH_MAX, url, problem);
}

static bool parse_unix(const char *rest, struct store_url *url, struct problem *problem)
{
    url->kind = STORE_KIND_REDIS;
    size_t length = strcspn(rest, "?");
    const char *query = rest + length;
    if (strncmp(query, "?db=", 4) == 0) {
        if (!parse_db(query + 4, strlen(query + 4), url, problem)) {
            return false;
        }
    } else if (query[0] != '\0') {
        return problem_set(problem, "may have no parameter but ?db=N");
    }
    return parse_path(rest, length, SOCKET_PATH_MAX, url, problem);
}

static bool parse_user(const char *text, size_t length, struct store_url *url,
                       struct problem *problem)
{
    const char *colon = memchr(text, ':', length);
    size_t name = colon != NULL ? (size_t)(colon - text) : length;
    if (name > 0) {
        url->username = decode(text, name, problem);
        if (url->username == NULL) {
            return false;
        }
    }
    if (colon != NULL && name + 1 < length) {
        url->password = decode(colon + 1, length - name - 1, problem);
        return url->password != NULL;
    }
    return true;
}

static bool host_is_valid(const char *host, bool brackets)
{
    struct in6_addr address;
    if (brackets) {
        return inet_pton(AF_INET6, host, &address) == 1;
    }
    for (const char *at = host; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("._-", *at) == NULL) {
            return false;
        }
    }
    return host[0] != '\0' && strlen(host) <= HOST_MAX;
}

/* `HOST`, `HOST:PORT`, `[IPv6]:PORT` */
static bool parse_host(const char *text, size_t length, struct store_url *url,
                       struct problem *problem)
{
    bool brackets = length > 0 && text[0] == '[';
    const char *end = memchr(text, brackets ? ']' : ':', length);
    const char *first = brackets ? text + 1 : text;
    if (end == NULL) {
        end = text + length;
    }
    const char *after = brackets && end < text + length ? end + 1 : end;
    size_t rest = (size_t)(text + length - after);
    url->host = decode(first, (size_t)(end - first), problem);
    if (url->host == NULL) {
        return false;
    }
    if (!host_is_valid(url->host, brackets) || (brackets && after == end)) {
        return problem_set(problem, "must name a host: redis://HOST:PORT/DB, an IPv6 address in "
                                    "brackets");
    }
    url->port = STORE_URL_PORT;
    bool port =
        rest == 0 ||
        (after[0] == ':' && parse_number(after + 1, rest - 1, 65535, &url->port) && url->port > 0);
    return port || problem_set(problem, "must have a port of 1 to 65535");
}

static bool parse_redis(const char *rest, struct store_url *url, struct problem *problem)
{
    url->kind = STORE_KIND_REDIS;
    size_t length = strcspn(rest, "/?#");
    const char *path = rest + length;
    if (strpbrk(path, "?#@") != NULL) {
        return problem_set(problem, "may have nothing behind redis://HOST:PORT/DB; in a user name "
                                    "or password, write / ? # @ as %%2F %%3F %%23 %%40");
    }
    const char *at = memrchr(rest, '@', length);
    if (at != NULL) {
        if (!parse_user(rest, (size_t)(at - rest), url, problem)) {
            return false;
        }
        length -= (size_t)(at + 1 - rest);
        rest = at + 1;
    }
    if (!parse_host(rest, length, url, problem)) {
        return false;
    }
    bool db = path[0] == '/' && path[1] != '\0';
    return !db || parse_db(path + 1, strlen(path + 1), url, problem);
}

static bool parse_unsupported(const char *text, struct problem *problem)
{
    static const char *const later[] = {"rediss:", "redis+", "rediss+"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (strncasecmp(text, later[i], strlen(later[i])) == 0) {
            return problem_set(problem,
                               "has a scheme that this version does not support (%.*s); it "
                               "supports redis://, unix:/path, local and local:/path",
                               (int)strcspn(text, ":"), text);
        }
    }
    return problem_set(problem, "must be local, local:/path, redis://HOST:PORT/DB or "
                                "unix:/path?db=N");
}

static bool parse(const char *text, struct store_url *url, struct problem *problem)
{
    if (strlen(text) > STORE_URL_MAX) {
        return problem_set(problem, "is longer than %d bytes", STORE_URL_MAX);
    }
    if (strcmp(text, "local") == 0) {
        url->kind = STORE_KIND_LOCAL;
        return true;
    }
    if (strncmp(text, "local:", 6) == 0) {
        return parse_local(text + 6, url, problem);
    }
    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(text + 5, url, problem);
    }
    if (strncmp(text, "redis://", 8) == 0) {
        return parse_redis(text + 8, url, problem);
    }
    return parse_unsupported(text, problem);
}

bool store_url_parse(const char *text, struct store_url *url, struct problem *problem)
{
    if (parse(text, url, problem)) {
        return true;
    }
    store_url_deinit(url);
    return false;
}

void store_url_deinit(struct store_url *url)
{
    if (url->password != NULL) {
        explicit_bzero(url->password, strlen(url->password));
    }
    free(url->path);
    free(url->host);
    free(url->username);
    free(url->password);
    *url = (struct store_url){0};
}

static void add_path(struct text *text, const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '%' || *at == '?' || (unsigned char)*at <= ' ' || *at == 0x7f) {
            text_addf(text, "%%%02X", (unsigned char)*at);
        } else {
            text_add_bytes(text, at, 1);
        }
    }
}

static void add_redis(const struct store_url *url, bool password, struct text *text)
{
    text_add(text, password && url->password != NULL ? "redis://:(set)@" : "redis://");
    bool brackets = strchr(url->host, ':') != NULL;
    text_addf(text, "%s%s%s:%d/%d", brackets ? "[" : "", url->host, brackets ? "]" : "", url->port,
              url->db);
}

static void format(const struct store_url *url, bool password, struct text *text)
{
    if (url->kind == STORE_KIND_LOCAL) {
        text_add(text, url->path != NULL ? "local:" : "local");
        add_path(text, url->path != NULL ? url->path : "");
    } else if (url->path != NULL) {
        text_add(text, "unix:");
        add_path(text, url->path);
        text_addf(text, "?db=%d", url->db);
    } else {
        add_redis(url, password, text);
    }
}

void store_url_format(const struct store_url *url, struct text *text)
{
    format(url, false, text);
}

void store_url_describe(const struct store_url *url, struct text *text)
{
    format(url, true, text);
}

bool store_url_has_password(const char *text)
{
    return strchr(text, '@') != NULL;
}

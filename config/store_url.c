#include "config/check.h"
#include "config/store_url_parts.h"

#include <stdlib.h>
#include <string.h>

enum { SOCKET_PATH_MAX = 107, FILE_PATH_MAX = 4095 };

static bool parse_db(const char *text, size_t length, struct store_url *url,
                     struct problem *problem)
{
    if (url_parse_number(text, length, STORE_URL_DB_MAX, &url->db)) {
        return true;
    }
    return problem_set(problem, "must have a database number of 0 to %d", STORE_URL_DB_MAX);
}

static bool parse_path(const char *text, size_t length, size_t limit, struct store_url *url,
                       struct problem *problem)
{
    url->path = url_decode(text, length, problem);
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
    url->mode = STORE_STANDALONE;
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
        url->username = url_decode(text, name, problem);
        if (url->username == NULL) {
            return false;
        }
        if (!text_is_utf8(url->username)) {
            return problem_set(problem, "must have a user name in UTF-8"); /* it is printed */
        }
    }
    if (colon != NULL && name + 1 < length) {
        url->password = url_decode(colon + 1, length - name - 1, problem);
        return url->password != NULL;
    }
    return true;
}

static bool parse_master(const char *text, size_t length, struct store_url *url,
                         struct problem *problem)
{
    url->master = url_decode(text, length, problem);
    if (url->master == NULL) {
        return false;
    }
    size_t characters = count_characters(url->master);
    bool good = characters >= 1 && characters <= STORE_URL_MASTER_MAX &&
                strchr(url->master, '/') == NULL && check_participant(url->master, NULL);
    return good || problem_set(problem,
                               "must name the master that the sentinels watch, 1 to %d printable "
                               "characters without space and /: %s://HOST:PORT,HOST:PORT/MASTER/DB",
                               STORE_URL_MASTER_MAX, url_scheme(url));
}

/* What stands behind the hosts, from the first slash on. */
static bool parse_place(const char *text, struct store_url *url, struct problem *problem)
{
    text += text[0] == '/' ? 1 : 0;
    if (url->mode == STORE_SENTINEL) {
        size_t length = strcspn(text, "/");
        if (!parse_master(text, length, url, problem)) {
            return false;
        }
        text += length + (text[length] == '/' ? 1 : 0);
    }
    if (text[0] != '\0' && !parse_db(text, strlen(text), url, problem)) {
        return false;
    }
    if (url->mode == STORE_CLUSTER && url->db != 0) {
        return problem_set(problem, "cannot have database %d: a Redis Cluster has database 0 only",
                           url->db);
    }
    return true;
}

static bool parse_redis(const char *rest, struct store_url *url, struct problem *problem)
{
    url->kind = STORE_KIND_REDIS;
    size_t length = strcspn(rest, "/?#");
    const char *place = rest + length;
    if (strpbrk(place, "?#@") != NULL) {
        return problem_set(problem,
                           "may have nothing behind the host but a database%s; in a user name or "
                           "password, write / ? # @ as %%2F %%3F %%23 %%40",
                           url->mode == STORE_SENTINEL ? " and before it a master" : "");
    }
    const char *at = memrchr(rest, '@', length);
    if (at != NULL) {
        if (!parse_user(rest, (size_t)(at - rest), url, problem)) {
            return false;
        }
        length -= (size_t)(at + 1 - rest);
        rest = at + 1;
    }
    return url_parse_hosts(rest, length, url, problem) && parse_place(place, url, problem);
}

/* The scheme decides mode and TLS. What follows it; NULL for another scheme. */
static const char *parse_scheme(const char *text, struct store_url *url)
{
    for (enum store_mode mode = STORE_STANDALONE; mode <= STORE_CLUSTER; mode++) {
        for (int tls = 0; tls <= 1; tls++) {
            *url = (struct store_url){.mode = mode, .tls = tls == 1};
            size_t length = strlen(url_scheme(url));
            if (strncmp(text, url_scheme(url), length) == 0 &&
                strncmp(text + length, "://", 3) == 0) {
                return text + length + 3;
            }
        }
    }
    *url = (struct store_url){0};
    return NULL;
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
    const char *rest = parse_scheme(text, url);
    if (rest != NULL) {
        return parse_redis(rest, url, problem);
    }
    return problem_set(problem,
                       "must be local, local:/path, unix:/path?db=N, redis://HOST:PORT/DB, "
                       "redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB or "
                       "redis+cluster://HOST:PORT,HOST:PORT; rediss in place of redis for "
                       "TLS");
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
        free(url->password);
    }
    for (size_t i = 0; i < url->host_count; i++) {
        free(url->hosts[i].host);
    }
    free(url->hosts);
    free(url->path);
    free(url->master);
    free(url->username);
    *url = (struct store_url){0};
}

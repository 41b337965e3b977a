#include "config/store_url_parts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_MAX = 253 };

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
    int high = length < 3 ? -1 : hex_digit(text[1]);
    int low = length < 3 ? -1 : hex_digit(text[2]);
    int byte = high < 0 || low < 0 ? -1 : high * 16 + low;
    return byte > 0 ? byte : -1;
}

char *url_decode(const char *text, size_t length, struct problem *problem)
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

bool url_parse_number(const char *text, size_t length, int limit, int *number)
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

const char *url_scheme(const struct store_url *url)
{
    switch (url->mode) {
    case STORE_STANDALONE:
        return url->tls ? "rediss" : "redis";
    case STORE_SENTINEL:
        return url->tls ? "rediss+sentinel" : "redis+sentinel";
    case STORE_CLUSTER:
        return url->tls ? "rediss+cluster" : "redis+cluster";
    }
    return "";
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

static bool refuse_host(const struct store_url *url, struct problem *problem)
{
    static const char *const forms[] = {[STORE_STANDALONE] = "HOST:PORT/DB",
                                        [STORE_SENTINEL] = "HOST:PORT,HOST:PORT/MASTER/DB",
                                        [STORE_CLUSTER] = "HOST:PORT,HOST:PORT"};
    return problem_set(problem, "must name a host: %s://%s, an IPv6 address in brackets",
                       url_scheme(url), forms[url->mode]);
}

static bool parse_host(const char *text, size_t length, struct store_url *url,
                       struct problem *problem)
{
    struct store_host *host = &url->hosts[url->host_count++];
    bool brackets = length > 0 && text[0] == '[';
    const char *end = memchr(text, brackets ? ']' : ':', length);
    const char *first = brackets ? text + 1 : text;
    if (end == NULL) {
        end = text + length;
    }
    const char *after = brackets && end < text + length ? end + 1 : end;
    size_t rest = (size_t)(text + length - after);
    host->host = url_decode(first, (size_t)(end - first), problem);
    if (host->host == NULL) {
        return false;
    }
    if (!host_is_valid(host->host, brackets) || (brackets && after == end)) {
        return refuse_host(url, problem);
    }
    host->port = url->mode == STORE_SENTINEL ? STORE_URL_SENTINEL_PORT : STORE_URL_PORT;
    bool port =
        rest == 0 || (after[0] == ':' &&
                      url_parse_number(after + 1, rest - 1, 65535, &host->port) && host->port > 0);
    return port || problem_set(problem, "must have a port of 1 to 65535");
}

/* Is the last host one of those before it? */
static bool check_repeated(const struct store_url *url, struct problem *problem)
{
    size_t last = url->host_count - 1;
    for (size_t i = 0; i < last; i++) {
        if (url->hosts[i].port == url->hosts[last].port &&
            strcasecmp(url->hosts[i].host, url->hosts[last].host) == 0) {
            return problem_set(problem,
                               "must name each host once; host %zu is host %zu again, with the "
                               "same port %d",
                               last + 1, i + 1, url->hosts[i].port);
        }
    }
    return true;
}

static bool parse_host_of_many(const char *text, size_t length, struct store_url *url,
                               struct problem *problem)
{
    if (length == 0) {
        return problem_set(problem, "must have a host before and after every comma");
    }
    return parse_host(text, length, url, problem) && check_repeated(url, problem);
}

bool url_parse_hosts(const char *text, size_t length, struct store_url *url,
                     struct problem *problem)
{
    size_t count = 1;
    for (size_t i = 0; i < length; i++) {
        count += text[i] == ',' ? 1 : 0;
    }
    if (count > 1 && url->mode == STORE_STANDALONE) {
        return problem_set(problem,
                           "must name one host; %s+sentinel:// and %s+cluster:// take "
                           "several",
                           url_scheme(url), url_scheme(url));
    }
    if (count > STORE_URL_HOSTS_MAX) {
        return problem_set(problem, "must name at most %d hosts", STORE_URL_HOSTS_MAX);
    }
    url->hosts = calloc(count, sizeof *url->hosts);
    if (url->hosts == NULL) {
        return problem_set(problem, "cannot be kept: out of memory");
    }
    if (count == 1) {
        return parse_host(text, length, url, problem);
    }
    for (size_t i = 0; i < count; i++) {
        const char *comma = memchr(text, ',', length);
        size_t size = comma != NULL ? (size_t)(comma - text) : length;
        if (!parse_host_of_many(text, size, url, problem)) {
            return false;
        }
        text += size + (comma != NULL ? 1 : 0);
        length -= size + (comma != NULL ? 1 : 0);
    }
    return true;
}

#include "config/target.h"

#include "config/check.h"

#include <stdio.h>
#include <string.h>

enum { NTP_PORT = 123, HTTP_PORT = 80 };

/* Reads 1 to 65535; 0 for anything else. */
static int read_port(const char *text)
{
    int port = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0') {
        return 0;
    }
    for (size_t i = 0; i < digits; i++) {
        port = port * 10 + (text[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

/* Splits `host[:port]`; `port` NULL when there is none. False when the host is none. */
static bool split(const char *text, struct target *target, const char **port)
{
    struct problem problem;
    bool bracketed = text[0] == '[';
    const char *end = bracketed ? strchr(text, ']') : text + strcspn(text, ":");
    size_t length = end != NULL ? (size_t)(end - text) - bracketed : 0;
    if (length == 0 || length >= sizeof target->host) {
        return false;
    }
    memcpy(target->host, text + bracketed, length);
    target->host[length] = '\0';
    end += bracketed;
    *port = end[0] == ':' ? end + 1 : NULL;
    return (end[0] == ':' || end[0] == '\0') && check_server_name(target->host, &problem);
}

bool target_parse(const char *text, struct target *target, struct problem *problem)
{
    const char *port = NULL;
    *target = (struct target){.icmp = strncmp(text, "icmp://", 7) == 0};
    bool known = target->icmp || strncmp(text, "tcp://", 6) == 0;
    bool good = known && split(text + (target->icmp ? 7 : 6), target, &port);
    if (good && port != NULL) {
        target->port = read_port(port);
    }
    good = good && (target->icmp ? port == NULL : target->port > 0);
    return good || problem_set(problem, "must be tcp://HOST:PORT or icmp://HOST");
}

bool ntp_server_parse(const char *text, struct target *target, struct problem *problem)
{
    const char *port = NULL;
    *target = (struct target){.port = NTP_PORT};
    bool good = split(text, target, &port);
    if (good && port != NULL) {
        target->port = read_port(port);
    }
    return (good && target->port > 0) ||
           problem_set(problem, "must be HOST or HOST:PORT of a time server");
}

bool host_port_parse(const char *text, struct target *target, struct problem *problem)
{
    const char *port = NULL;
    *target = (struct target){0};
    if (split(text, target, &port) && port != NULL) {
        target->port = read_port(port);
    }
    return target->port > 0 || problem_set(problem, "must be HOST:PORT");
}

/* What may stand in a request line: RFC 3986, already escaped. */
static bool is_request_path(const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path <= ' ' || *path > '~' || strchr("#\"<>\\^`{|}", *path) != NULL) {
            return false;
        }
    }
    return true;
}

bool http_url_parse(const char *text, struct target *target, const char **path,
                    struct problem *problem)
{
    char authority[TARGET_HOST_SIZE + 16];
    const char *port = NULL;
    *target = (struct target){.port = HTTP_PORT};
    if (strncmp(text, "https://", 8) == 0) {
        return problem_set(problem, "must be http://; for https use command, with curl for one");
    }
    size_t length = strncmp(text, "http://", 7) == 0 ? strcspn(text + 7, "/?#") : 0;
    if (length > 0 && length < sizeof authority) {
        memcpy(authority, text + 7, length);
        authority[length] = '\0';
        *path = text[7 + length] == '\0' ? "/" : text + 7 + length;
        bool good = split(authority, target, &port) && *path[0] == '/' && is_request_path(*path);
        if (good && port != NULL) {
            target->port = read_port(port);
        }
        if (good && target->port > 0) {
            return true;
        }
    }
    return problem_set(problem, "must be http://HOST[:PORT][/PATH]");
}

bool check_http_url(const char *text, struct problem *problem)
{
    struct target target;
    const char *path = NULL;
    return http_url_parse(text, &target, &path, problem);
}

bool check_host_port(const char *text, struct problem *problem)
{
    struct target target;
    return host_port_parse(text, &target, problem);
}

bool check_target(const char *text, struct problem *problem)
{
    struct target target;
    return target_parse(text, &target, problem);
}

bool check_ntp_server(const char *text, struct problem *problem)
{
    struct target target;
    return ntp_server_parse(text, &target, problem);
}

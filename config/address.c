#include "config/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, int *port)
{
    size_t digits = strspn(text, "0123456789");
    *port = digits > 0 && digits <= 5 ? atoi(text) : -1;
    return text[digits] == '\0' && *port >= 0 && *port <= 65535;
}

static bool parse_host(struct address *address, bool brackets)
{
    struct in_addr four;
    struct in6_addr six;
    if (brackets) {
        bool good = inet_pton(AF_INET6, address->host, &six) == 1;
        address->loopback = good && IN6_IS_ADDR_LOOPBACK(&six);
        return good;
    }
    if (strcmp(address->host, "localhost") == 0) {
        (void)snprintf(address->host, sizeof address->host, "127.0.0.1");
    }
    bool good = inet_pton(AF_INET, address->host, &four) == 1;
    address->loopback = good && ntohl(four.s_addr) >> 24 == 127;
    return good;
}

static bool parse_tcp(const char *text, struct address *address)
{
    bool brackets = text[0] == '[';
    const char *host = brackets ? text + 1 : text;
    size_t length = strcspn(host, brackets ? "]" : ":");
    const char *rest = host + length + (brackets && host[length] == ']' ? 1 : 0);
    if (length == 0 || length >= sizeof address->host || rest[0] != ':') {
        return false;
    }
    memcpy(address->host, host, length);
    address->host[length] = '\0';
    return parse_host(address, brackets) && parse_port(rest + 1, &address->port);
}

static bool parse_unix(const char *path, struct address *address, struct problem *problem)
{
    if (path[0] != '/' || path[1] == '\0' || strlen(path) >= sizeof address->path) {
        return problem_set(problem, "must have an absolute path of at most %d bytes",
                           ADDRESS_PATH_SIZE - 1);
    }
    address->loopback = true;
    (void)snprintf(address->path, sizeof address->path, "%s", path);
    return true;
}

bool address_parse(const char *text, struct address *address, struct problem *problem)
{
    *address = (struct address){0};
    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(text + 5, address, problem);
    }
    return parse_tcp(text, address) ||
           problem_set(problem, "must be IP:PORT (0.0.0.0 for all addresses, [::1]:8720 for IPv6), "
                                "localhost:PORT or unix:/PATH");
}

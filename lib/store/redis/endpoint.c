#include "lib/store/redis/endpoint.h"

#include <stdio.h>
#include <string.h>

bool endpoint_set(struct redis_endpoint *endpoint, const char *host, int port)
{
    size_t length = strlen(host);
    if (length == 0 || length >= REDIS_HOST_SIZE || port < 0 || port > 65535) {
        return false;
    }
    memcpy(endpoint->host, host, length + 1);
    endpoint->port = port;
    const char *format = strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d";
    if (port == 0) {
        (void)snprintf(endpoint->name, sizeof endpoint->name, "unix:%s", host);
    } else {
        (void)snprintf(endpoint->name, sizeof endpoint->name, format, host, port);
    }
    return true;
}

bool endpoint_same(const struct redis_endpoint *a, const struct redis_endpoint *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static bool read_port(const char *text, size_t length, int *port)
{
    int value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || value > 65535) {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    *port = value;
    return value >= 1 && value <= 65535;
}

bool endpoint_read(struct redis_endpoint *endpoint, const char *text, size_t length,
                   const struct redis_endpoint *from)
{
    char host[REDIS_HOST_SIZE];
    const char *colon = memrchr(text, ':', length);
    size_t size = colon != NULL ? (size_t)(colon - text) : 0;
    int port;
    if (colon == NULL || size >= sizeof host || memchr(text, '\0', length) != NULL ||
        !read_port(colon + 1, length - size - 1, &port)) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    return endpoint_set(endpoint, size > 0 ? host : from->host, port);
}

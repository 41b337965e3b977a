/* What is counted, for whoever asks. */
#include "lib/http/internal.h"

bool http_server_request_count(const struct http_server *server, size_t index,
                               struct http_request_count *count)
{
    if (index >= server->count_count) {
        return false;
    }
    const struct http_count *entry = &server->counts[index];
    *count =
        (struct http_request_count){.handler = entry->route != NULL ? entry->route->path : "other",
                                    .status = entry->status,
                                    .count = entry->count};
    return true;
}

void http_server_on_duration(struct http_server *server,
                             void (*measure)(void *owner, double seconds), void *owner)
{
    server->measure = measure;
    server->measure_owner = owner;
}

void http_server_numbers(const struct http_server *server, struct http_numbers *numbers)
{
    *numbers = (struct http_numbers){.connections = (int64_t)links_counted(server),
                                     .connections_max = server->options.max_connections,
                                     .watchers = (int64_t)server->watcher_count};
}

const char *http_server_rejected(const struct http_server *server, size_t index, uint64_t *count)
{
    for (size_t i = 0; http_code_at(i) != NULL; i++) {
        if (http_code_at(i)->rejects && index-- == 0) {
            *count = server->rejected[i];
            return http_code_at(i)->code;
        }
    }
    return NULL;
}

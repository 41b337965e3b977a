#include "daemon/client.h"

#include "daemon/client_socket.h"
#include "lib/base/moment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool set_target(struct client_target *target, bool unix_socket, const char *address,
                       size_t length)
{
    if (length == 0 || length >= sizeof target->address) {
        return false;
    }
    target->unix_socket = unix_socket;
    memcpy(target->address, address, length);
    target->address[length] = '\0';
    return true;
}

/* `HOST:PORT` where PORT is digits and HOST has nothing that would change the request. */
static bool is_host_port(const char *address)
{
    const char *colon = strrchr(address, ':');
    size_t host = colon == NULL ? 0 : (size_t)(colon - address);
    size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
    bool bracketed = address[0] == '[' && host > 2 && address[host - 1] == ']';
    size_t safe = strcspn(address, "/?#@\\ \t\r\n%");
    return host > 0 && digits > 0 && digits <= 5 && colon[1 + digits] == '\0' &&
           address[safe] == '\0' && (bracketed || memchr(address, ':', host) == NULL);
}

static bool parse_url(struct client *client, const char *url)
{
    struct client_target *target = &client->targets[0];
    client->target_count = 1;
    if (strncmp(url, "unix:/", 6) == 0) {
        return set_target(target, true, url + 5, strlen(url + 5));
    }
    if (strncmp(url, "http://", 7) != 0) {
        return false;
    }
    size_t length = strlen(url + 7);
    length -= length > 0 && url[7 + length - 1] == '/' ? 1 : 0;
    return set_target(target, false, url + 7, length) && is_host_port(target->address);
}

static void find_targets(struct client *client)
{
    static const char fallback[] = "127.0.0.1:8720";
    char dirs[RUNTIME_DIR_CANDIDATES][RUNTIME_DIR_SIZE];
    unsigned count = runtime_dir_candidates(dirs);
    for (unsigned i = 0; i < count; i++) {
        char path[RUNTIME_DIR_SIZE + 16];
        int length = snprintf(path, sizeof path, "%s/control.sock", dirs[i]);
        if (set_target(&client->targets[client->target_count], true, path, (size_t)length)) {
            client->target_count++;
        }
    }
    if (set_target(&client->targets[client->target_count], false, fallback, sizeof fallback - 1)) {
        client->target_count++;
    }
}

/* One line of printable characters; a newline may follow. */
static bool check_token(struct text *token)
{
    while (token->length > 0 && strchr("\r\n \t", token->bytes[token->length - 1]) != NULL) {
        token->bytes[--token->length] = '\0';
    }
    for (size_t i = 0; i < token->length; i++) {
        if (token->bytes[i] <= ' ' || token->bytes[i] > '~') {
            return false;
        }
    }
    return token->length > 0 && token->length <= CLIENT_TOKEN_MAX;
}

static enum client_result read_token(struct text *token, const char *file, struct problem *problem)
{
    char bytes[CLIENT_TOKEN_MAX + 3];
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
    if (length < 0) {
        (void)problem_set(problem, "cannot read the token file %s: %s", file, strerror(errno));
    } else {
        text_add_bytes(token, bytes, (size_t)length);
        explicit_bzero(bytes, sizeof bytes);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (length >= 0 && !check_token(token)) {
        (void)problem_set(problem,
                          "the token file %s must hold one token of 1 to %d printable "
                          "characters",
                          file, CLIENT_TOKEN_MAX);
        length = -1;
    }
    return length < 0 ? CLIENT_BAD_TOKEN : CLIENT_OK;
}

static const char *or_environment(const char *given, const char *name)
{
    const char *value = given != NULL ? given : getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

enum client_result client_init(struct client *client, const char *url, const char *token_file,
                               struct problem *problem)
{
    *client = (struct client){0};
    url = or_environment(url, "LEADERD_URL");
    token_file = or_environment(token_file, "LEADERD_TOKEN_FILE");
    if (url == NULL) {
        find_targets(client);
    } else if (!parse_url(client, url)) {
        (void)problem_set(problem, "the URL must be http://HOST:PORT or unix:/PATH, not '%s'", url);
        return CLIENT_BAD_URL;
    }
    return token_file == NULL ? CLIENT_OK : read_token(&client->token, token_file, problem);
}

void client_free(struct client *client)
{
    if (client->token.bytes != NULL) {
        explicit_bzero(client->token.bytes, client->token.capacity);
    }
    text_free(&client->token);
}

/* Tries the targets in turn. A socket that may not be opened is remembered: it is the best thing to
 * tell when nothing else answers. */
static int connect_any(const struct client *client, const struct client_target **chosen,
                       enum client_result *result, struct problem *problem)
{
    *result = CLIENT_UNREACHABLE;
    for (unsigned i = 0; i < client->target_count; i++) {
        const struct client_target *target = &client->targets[i];
        int error = 0;
        int fd = client_socket_connect(target, CLIENT_CONNECT_MS, &error);
        if (fd >= 0) {
            *chosen = target;
            return fd;
        }
        bool forbidden = error == EACCES || error == EPERM;
        if (forbidden || *result != CLIENT_NOT_ALLOWED) {
            (void)problem_set(problem, "cannot reach the daemon at %s%s: %s",
                              target->unix_socket ? "unix:" : "http://", target->address,
                              error > 0 ? strerror(error) : "there is no such host");
        }
        *result = forbidden ? CLIENT_NOT_ALLOWED : *result;
    }
    if (client->target_count > 1 && *result == CLIENT_UNREACHABLE) {
        (void)problem_set(problem,
                          "no daemon answers at the control socket (%s) nor at http://%s: "
                          "is leaderd running? `--url` says where",
                          client->targets[0].address,
                          client->targets[client->target_count - 1].address);
    }
    return -1;
}

void client_locate(const struct client *client, char *url, size_t size)
{
    enum client_result result = CLIENT_UNREACHABLE;
    const struct client_target *target = NULL;
    int fd = connect_any(client, &target, &result, NULL);
    url[0] = '\0';
    if (fd >= 0) {
        (void)close(fd);
        (void)snprintf(url, size, "%s%s", target->unix_socket ? "unix:" : "http://",
                       target->address);
    }
}

static void write_request(struct text *out, const struct client *client,
                          const struct client_target *target, const struct client_request *request)
{
    text_addf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: leaderd\r\nConnection: close\r\n",
              request->method, request->path, target->unix_socket ? "localhost" : target->address);
    text_add(out, "Accept: application/json, application/problem+json, text/plain\r\n");
    if (!target->unix_socket && client->token.length > 0) {
        text_add(out, "Authorization: Bearer ");
        text_add(out, client->token.bytes);
        text_add(out, "\r\n");
    }
    if (request->body != NULL) {
        text_addf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                  strlen(request->body), request->body);
    } else if (strcmp(request->method, "POST") == 0) {
        text_add(out, "Content-Length: 0\r\n\r\n");
    } else {
        text_add(out, "\r\n");
    }
}

static int64_t now_ms(void)
{
    return boottime_us() / 1000;
}

/* Sends everything. A daemon that answers early and closes has still answered: that is read. */
static bool send_all(int fd, const struct text *out, int64_t give_up_at_ms)
{
    size_t sent = 0;
    while (sent < out->length) {
        ssize_t count = send(fd, out->bytes + sent, out->length - sent, MSG_NOSIGNAL);
        if (count >= 0) {
            sent += (size_t)count;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return true;
        } else if ((errno != EINTR && errno != EAGAIN) ||
                   !client_socket_wait(fd, POLLOUT, give_up_at_ms - now_ms())) {
            return false;
        }
    }
    return true;
}

static enum client_result receive(int fd, struct http_answer *answer, int64_t give_up_at_ms)
{
    char bytes[16384];
    while (answer->stage != HTTP_ANSWER_DONE && answer->stage != HTTP_ANSWER_BROKEN) {
        ssize_t count = recv(fd, bytes, sizeof bytes, 0);
        if (count > 0) {
            (void)http_answer_feed(answer, bytes, (size_t)count);
        } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
            (void)http_answer_end(answer);
        } else if (!client_socket_wait(fd, POLLIN, give_up_at_ms - now_ms())) {
            return CLIENT_UNREACHABLE;
        }
    }
    return answer->stage == HTTP_ANSWER_DONE ? CLIENT_OK : CLIENT_BROKEN;
}

enum client_result client_call(const struct client *client, const struct client_request *request,
                               struct http_answer *answer, struct problem *problem)
{
    struct text out = {0};
    const struct client_target *target = NULL;
    enum client_result result = CLIENT_UNREACHABLE;
    http_answer_init(answer);
    int fd = connect_any(client, &target, &result, problem);
    if (fd < 0) {
        return result;
    }
    int64_t give_up_at_ms = now_ms() + request->timeout_ms;
    write_request(&out, client, target, request);
    result = CLIENT_UNREACHABLE;
    if (!out.failed && send_all(fd, &out, give_up_at_ms)) {
        result = receive(fd, answer, give_up_at_ms);
    }
    if (result == CLIENT_UNREACHABLE) {
        (void)problem_set(problem, "the daemon at %s did not answer within %lld ms",
                          target->address, (long long)request->timeout_ms);
    } else if (result == CLIENT_BROKEN) {
        (void)problem_set(problem, "what answers at %s is not leaderd, or it went away",
                          target->address);
    }
    if (out.bytes != NULL) {
        explicit_bzero(out.bytes, out.capacity);
    }
    text_free(&out);
    (void)close(fd);
    return result;
}

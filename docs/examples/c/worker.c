/*
 * A worker that acts only while the leaderd beside it says that it leads.
 *
 *     cc -std=c17 -O2 -Wall -Wextra -pthread -o worker worker.c
 *     LEADERD_URL=http://127.0.0.1:8720 ./worker billing
 *     LEADERD_URL=unix:/run/leaderd/control.sock ./worker billing
 *
 * The election is the argument, else $LEADERD_ELECTION, else `default`. The work of this example is
 * a line in the file $OUTPUT (or on stdout) every 50 ms. Linux, libc only. A program that need not
 * hear of changes can read the leader flag instead: see leaderd_flag.h.
 */
#define _GNU_SOURCE /* CLOCK_BOOTTIME, strcasestr */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 18, WATCH_S = 30 };

static const char *url, *election;
/* The daemon waits for us by this name before it lets another one lead. */
static char own_name[37];
static volatile sig_atomic_t stopping;

/* --- what the daemon said last: one thread writes it, the other one reads ----------------- */

static struct {
    pthread_mutex_t lock;
    int64_t token; /* 0: we do not lead */
    int64_t stop_at_ms;
    int64_t refused; /* the token under which we do not lead, as the daemon said */
} leadership = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Held during each step of the work. */
static pthread_mutex_t working = PTHREAD_MUTEX_INITIALIZER;

/* The clock that leases live on. It is the same in every process, and counts a suspend. One that
 * cannot be read says that it is too late. */
static int64_t boottime_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        return INT64_MAX;
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* An answer of the daemon; one that has just been started knows of no token yet: then that is 0.
 * Nothing else makes the time to stop later. True: just lost. */
static bool learn(bool is_leader, int64_t token, int64_t stop_at_ms)
{
    pthread_mutex_lock(&leadership.lock);
    int64_t before = leadership.token;
    if (is_leader && token != leadership.refused) {
        leadership.token = token;
        leadership.stop_at_ms = stop_at_ms;
    } else {
        leadership.refused = token;
        leadership.token = 0;
    }
    bool lost = before != 0 && leadership.token == 0;
    pthread_mutex_unlock(&leadership.lock);
    return lost;
}

/* The fencing token if we may act as leader at this moment, else 0. */
static int64_t leader_token(void)
{
    pthread_mutex_lock(&leadership.lock);
    int64_t token = boottime_ms() < leadership.stop_at_ms ? leadership.token : 0;
    pthread_mutex_unlock(&leadership.lock);
    return token;
}

/* --- HTTP: one request on a connection of its own ------------------------------------------ */

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = strlen(path) < sizeof address.sun_path ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
                                                    : -1;
    if (fd >= 0) {
        memcpy(address.sun_path, path, strlen(path));
        if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
            close(fd);
            fd = -1;
        }
    }
    return fd;
}

/* `authority` is HOST:PORT or [IPv6]:PORT, maybe with a slash behind. */
static int connect_tcp(const char *authority)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[256] = "", port[6] = "80";
    int fd = -1;
    if (sscanf(authority, "[%255[^]]]:%5[0-9]", host, port) < 1 &&
        sscanf(authority, "%255[^:/]:%5[0-9]", host, port) < 1) {
        return -1;
    }
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    for (struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static int connect_daemon(int timeout_s)
{
    struct timeval timeout = {.tv_sec = timeout_s};
    int fd = -1;
    if (strncmp(url, "unix:", 5) == 0) {
        fd = connect_unix(url + 5);
    } else if (strncmp(url, "http://", 7) == 0) {
        fd = connect_tcp(url + 7);
    }
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    }
    return fd;
}

/* The body of an answer with status 200, if all of it is there; else NULL. */
static const char *whole_body(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    const char *length = strcasestr(answer, "\r\nContent-Length:");
    if (end == NULL || length == NULL || length > end || strncmp(answer, "HTTP/1.", 7) != 0 ||
        strncmp(answer + 8, " 200", 4) != 0) {
        return NULL;
    }
    return strlen(end + 4) == strtoul(length + 17, NULL, 10) ? end + 4 : NULL;
}

/* What the daemon answers, in `answer` of `size` bytes; NULL when it does not. */
static const char *ask(const char *method, const char *path, int timeout_s, char *answer,
                       size_t size)
{
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                          "Content-Length: 0\r\n\r\n",
                          method, path);
    int fd = length < (int)sizeof request ? connect_daemon(timeout_s) : -1;
    if (fd < 0) {
        return NULL;
    }
    const char *body = NULL;
    size_t filled = 0;
    ssize_t got = send(fd, request, (size_t)length, MSG_NOSIGNAL);
    while (body == NULL && got > 0) {
        got = recv(fd, answer + filled, size - 1 - filled, 0);
        filled += got > 0 ? (size_t)got : 0;
        answer[filled] = '\0';
        body = whole_body(answer);
    }
    close(fd);
    return body;
}

/* --- JSON: just enough to find a member ----------------------------------------------------- */

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Behind the text that begins at `at`; NULL when it does not end. */
static const char *skip_text(const char *at)
{
    for (at++; *at != '"'; at++) {
        if (*at == '\\') {
            at++;
        }
        if (*at == '\0') {
            return NULL;
        }
    }
    return at + 1;
}

/* The comma or bracket that follows the value at `at`; NULL when there is none. */
static const char *skip_value(const char *at)
{
    int depth = 0;
    while (at != NULL && *at != '\0') {
        if (*at == '"') {
            at = skip_text(at);
        } else if (depth == 0 && strchr(",}]", *at) != NULL) {
            return at;
        } else {
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
            at++;
        }
    }
    return NULL;
}

/* The value of the member `key` of the object that begins at `at`, else NULL. */
static const char *member(const char *at, const char *key)
{
    size_t length = strlen(key);
    while (at != NULL && (*at == '{' || *at == ',')) {
        const char *text = skip_space(at + 1);
        at = *text == '"' ? skip_text(text) : NULL;
        bool found =
            at != NULL && (size_t)(at - text) == length + 2 && strncmp(text + 1, key, length) == 0;
        at = at != NULL ? skip_space(at) : NULL;
        if (at == NULL || *at != ':') {
            return NULL;
        }
        at = skip_space(at + 1);
        if (found) {
            return at;
        }
        at = skip_value(at);
    }
    return NULL;
}

static bool is_true(const char *object, const char *key)
{
    const char *value = member(object, key);
    return value != NULL && strncmp(value, "true", 4) == 0;
}

/* A whole number above 0, else 0. */
static int64_t number(const char *object, const char *key)
{
    const char *value = member(object, key);
    int64_t read = value != NULL ? strtoll(value, NULL, 10) : 0;
    return read > 0 ? read : 0;
}

/* --- the thread that asks ------------------------------------------------------------------- */

/* So that whoever is next need not wait for our deadline. When it fails, they do. */
static void say_that_we_have_stopped(void)
{
    char answer[4096], path[256];
    (void)snprintf(path, sizeof path, "/elections/%s/released?workload=%s", election, own_name);
    (void)ask("POST", path, 2, answer, sizeof answer);
}

/* Takes over what an answer to /watch says, and the cursor. False when that is not to be trusted
 * for more: it is no such answer, or the daemon is about to end. */
static bool read_news(const char *news, char *cursor, size_t size)
{
    const char *state = member(member(news, "elections"), election);
    const char *lease = member(state, "lease");
    const char *next = member(news, "cursor");
    const char *end = next != NULL && *next == '"' ? skip_text(next) : NULL;
    if (lease == NULL || end == NULL || (size_t)(end - next) >= size) {
        return false;
    }
    (void)snprintf(cursor, size, "%.*s", (int)(end - next - 2), next + 1);
    int64_t deadline_ms = number(lease, "deadline_boottime_ms");
    if (learn(is_true(state, "is_leader"), number(state, "fencing_token"),
              deadline_ms - number(lease, "stop_margin_ms"))) {
        pthread_mutex_lock(&working); /* the step under way ends first; no other one begins */
        say_that_we_have_stopped();
        pthread_mutex_unlock(&working);
    }
    return !is_true(news, "shutting_down");
}

static void sleep_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Hears of every change within milliseconds, and of the next deadline long before the last. */
static void *watch(void *unused)
{
    static char answer[ANSWER_MAX];
    char path[512], cursor[64] = "";
    long pause_ms = 100;
    (void)unused;
    while (true) {
        (void)snprintf(path, sizeof path, "/watch?election=%s&workload=%s&timeout=%ds%s%s",
                       election, own_name, WATCH_S, cursor[0] != '\0' ? "&since=" : "", cursor);
        const char *news = ask("GET", path, WATCH_S + 10, answer, sizeof answer);
        if (news != NULL && read_news(news, cursor, sizeof cursor)) {
            pause_ms = 100;
            continue;
        }
        /* No answer, no extension: the last deadline that we know of ends the work. */
        sleep_ms(pause_ms);
        pause_ms = pause_ms < 500 ? 2 * pause_ms : 1000;
    }
    return NULL;
}

/* --- the thread that works ------------------------------------------------------------------ */

/* One step. A real one takes longer, and looks again before each thing that cannot be undone. Not
 * "do we lead?" but "is it still this token?": it may have been lost and won again. */
static void work(int64_t token, int output)
{
    char step[128];
    int length =
        snprintf(step, sizeof step,
                 "{\"token\":%" PRId64 ",\"at_boottime_ms\":%" PRId64 ",\"worker\":\"c\"}\n", token,
                 boottime_ms());
    if (leader_token() == token && write(output, step, (size_t)length) != length) {
        perror("output");
        exit(1);
    }
}

static void on_terminate(int number)
{
    (void)number;
    stopping = 1;
}

/* A name that nobody else has; false when the kernel gives none. */
static bool read_name(void)
{
    int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && read(fd, own_name, sizeof own_name - 1) == sizeof own_name - 1;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : otherwise;
}

int main(int argc, char **argv)
{
    pthread_t watcher;
    struct sigaction terminate = {.sa_handler = on_terminate};
    const char *path = setting("OUTPUT", NULL);
    int output = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : 1;
    url = setting("LEADERD_URL", "http://127.0.0.1:8720");
    election = argc > 1 ? argv[1] : setting("LEADERD_ELECTION", "default");
    if (output < 0 || sigaction(SIGTERM, &terminate, NULL) != 0 || !read_name()) {
        perror("worker");
        return 1;
    }
    if ((errno = pthread_create(&watcher, NULL, watch, NULL)) != 0) {
        perror("thread");
        return 1;
    }
    while (!stopping) {
        sleep_ms(50);
        pthread_mutex_lock(&working);
        int64_t token = leader_token();
        if (token != 0) {
            work(token, output);
        }
        pthread_mutex_unlock(&working);
    }
    say_that_we_have_stopped();
    return 0;
}

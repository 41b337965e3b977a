#include "daemon/lease_feed.h"

#include "daemon/cli_client.h"
#include "daemon/random.h"
#include "daemon/workloads.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    POLL_MS = 30000,
    RETRY_MIN_MS = 50,
    RETRY_MAX_MS = 1000,
    GOODBYE_MS = 2000,
    KILL_MARGIN_MIN_MS = 50, /* a killed process needs some time to be gone */
    KILL_MARGIN_MAX_MS = 500,
};

_Static_assert(sizeof(struct lease_news) <= 4096, "a message is written in one piece");

/* The thread's own; it lives as long as the process. */
static struct feed {
    const struct client *client;
    const char *election;
    char workload[WORKLOAD_NAME_SIZE];
    char *cursor;
    char url[CLIENT_TARGET_SIZE + 8];
    int fd;
} feed;

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static void read_election(const json_t *election, struct lease_news *news)
{
    const json_t *lease = json_object_get(election, "lease");
    const char *state = json_string_value(json_object_get(election, "state"));
    copy(news->election, sizeof news->election,
         json_string_value(json_object_get(election, "name")));
    news->known = state != NULL && strcmp(state, "starting") != 0;
    news->leads = json_is_true(json_object_get(election, "is_leader"));
    news->token = number(election, "fencing_token");
    news->deadline_boottime_ms = number(lease, "deadline_boottime_ms");
    news->stop_margin_ms = number(lease, "stop_margin_ms");
    news->drain_until_boottime_ms =
        number(json_object_get(election, "drain"), "deadline_boottime_ms");
    if (news->leads) {
        news->leads_until_boottime_ms = news->deadline_boottime_ms - news->stop_margin_ms;
    }
}

static void refuse(struct lease_news *news, int exit_code, const char *what)
{
    news->kind = LEASE_NEWS_REFUSED;
    news->exit_code = exit_code;
    (void)problem_set(&news->problem, "%s", what);
}

static void read_document(const struct http_answer *answer, struct lease_news *news)
{
    json_t *root = json_loadb(answer->body.bytes != NULL ? answer->body.bytes : "",
                              answer->body.length, 0, NULL);
    const char *cursor = json_string_value(json_object_get(root, "cursor"));
    json_t *elections = json_object_get(root, "elections");
    const json_t *election = feed.election != NULL
                                 ? json_object_get(elections, feed.election)
                                 : json_object_iter_value(json_object_iter(elections));
    free(feed.cursor);
    feed.cursor = cursor != NULL ? strdup(cursor) : NULL;
    if (feed.election == NULL && json_object_size(elections) != 1) {
        refuse(news, CLI_USAGE, "the daemon has several elections: name one");
    } else if (!json_is_object(election)) {
        refuse(news, CLI_INTERNAL, "the daemon's answer is not the JSON that was expected");
    } else {
        news->kind = LEASE_NEWS_STATE;
        read_election(election, news);
    }
    json_decref(root);
}

static void add_path(struct text *path)
{
    text_addf(path, "/watch?timeout=%dms&workload=%s", POLL_MS, feed.workload);
    if (feed.election != NULL) {
        text_add(path, "&election=");
        cli_add_escaped(path, feed.election);
    }
    if (feed.cursor != NULL) {
        text_add(path, "&since=");
        cli_add_escaped(path, feed.cursor);
    }
}

static void ask(struct lease_news *news)
{
    struct text path = {0};
    struct http_answer answer = {0};
    add_path(&path);
    struct client_request request = {
        .method = "GET", .path = path.bytes, .timeout_ms = POLL_MS + CLI_CALL_MS};
    enum client_result result = path.failed
                                    ? CLIENT_UNREACHABLE
                                    : client_call(feed.client, &request, &answer, &news->problem);
    if (result != CLIENT_OK) {
        news->kind = result == CLIENT_NOT_ALLOWED ? LEASE_NEWS_REFUSED : LEASE_NEWS_SILENCE;
        news->exit_code = cli_exit_of(result);
    } else if (answer.status == 200) {
        read_document(&answer, news);
    } else {
        news->exit_code = cli_read_problem(&answer, &news->problem);
        news->kind =
            answer.status == 429 || answer.status >= 500 ? LEASE_NEWS_SILENCE : LEASE_NEWS_REFUSED;
    }
    if (news->kind != LEASE_NEWS_STATE) {
        free(feed.cursor);
        feed.cursor = NULL;
        feed.url[0] = '\0';
    } else if (feed.url[0] == '\0') {
        client_locate(feed.client, feed.url, sizeof feed.url);
    }
    copy(news->url, sizeof news->url, feed.url);
    http_answer_free(&answer);
    text_free(&path);
}

static void *run_feed(void *unused)
{
    int64_t retry_ms = RETRY_MIN_MS;
    (void)unused;
    for (;;) {
        struct lease_news news = {0};
        ask(&news);
        ssize_t written = write(feed.fd, &news, sizeof news);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return NULL;
        }
        if (news.kind == LEASE_NEWS_STATE) {
            retry_ms = RETRY_MIN_MS;
        } else {
            (void)poll(NULL, 0, (int)retry_ms);
            retry_ms = 2 * retry_ms < RETRY_MAX_MS ? 2 * retry_ms : RETRY_MAX_MS;
        }
    }
}

bool lease_news_is_of(const struct lease_news *news, int64_t token)
{
    return news->kind == LEASE_NEWS_STATE && news->token == token &&
           news->deadline_boottime_ms != 0;
}

bool lease_news_ends(const struct lease_news *news, int64_t token)
{
    bool known = news->kind == LEASE_NEWS_STATE && news->known;
    return news->kind == LEASE_NEWS_REFUSED ||
           (known && !(news->leads && lease_news_is_of(news, token)));
}

int64_t lease_news_kill_at_ms(const struct lease_news *news)
{
    int64_t stop_by_ms = news->deadline_boottime_ms;
    int64_t margin_ms = news->stop_margin_ms / 4;
    if (news->drain_until_boottime_ms != 0 && news->drain_until_boottime_ms < stop_by_ms) {
        stop_by_ms = news->drain_until_boottime_ms;
    }
    margin_ms = margin_ms < KILL_MARGIN_MAX_MS ? margin_ms : KILL_MARGIN_MAX_MS;
    margin_ms = margin_ms > KILL_MARGIN_MIN_MS ? margin_ms : KILL_MARGIN_MIN_MS;
    return stop_by_ms - margin_ms;
}

int lease_feed_start(const struct client *client, const char *election, const char *kind,
                     struct problem *problem)
{
    int ends[2];
    pthread_t thread;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)problem_set(problem, "cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    char random[33];
    random_hex(random, sizeof random);
    feed = (struct feed){.client = client, .election = election, .fd = ends[1]};
    (void)snprintf(feed.workload, sizeof feed.workload, "%s-%s", kind, random);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    int error = pthread_create(&thread, NULL, run_feed, NULL);
    if (error != 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)problem_set(problem, "cannot start a thread: %s", strerror(error));
        return -1;
    }
    (void)pthread_detach(thread);
    return ends[0];
}

bool lease_feed_read(int fd, struct lease_news *news)
{
    return read(fd, news, sizeof *news) == (ssize_t)sizeof *news;
}

void lease_feed_say_ended(const char *election)
{
    struct text path = {0};
    struct http_answer answer = {0};
    struct problem problem;
    text_add(&path, "/elections/");
    cli_add_escaped(&path, election);
    text_addf(&path, "/released?workload=%s", feed.workload);
    struct client_request request = {
        .method = "POST", .path = path.bytes, .timeout_ms = GOODBYE_MS};
    if (!path.failed) {
        /* Unheard it costs time, not safety: the daemon waits for the deadline that we were told.
         */
        enum client_result result = client_call(feed.client, &request, &answer, &problem);
        (void)result;
    }
    http_answer_free(&answer);
    text_free(&path);
}

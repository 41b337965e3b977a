#include "lib/store/local/messages.h"

#include "lib/base/moment.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct subscription {
    struct subscription *next;
    size_t slot;
    const char *pending; /* heard, and not yet told */
    char election[LEASE_ELECTION_SIZE];
};

/* A slot is the time in microseconds, shifted, and the place of the word here. */
static const char *const words[] = {"released", "acquired", "reasserted", "vacated"};
enum { WORDS = sizeof words / sizeof words[0], WORD_BITS = 2 };

/* FNV-1a */
static size_t slot_of(const char *election)
{
    uint32_t hash = 2166136261u;
    for (const char *at = election; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    }
    return hash % MESSAGE_SLOTS;
}

/* Reads the slots; what lies beyond the end of the file was never written. */
static bool read_slots(const struct messages *messages, uint64_t slots[MESSAGE_SLOTS])
{
    memset(slots, 0, MESSAGE_SLOTS * sizeof slots[0]);
    return messages->fd >= 0 && pread(messages->fd, slots, MESSAGE_SLOTS * sizeof slots[0], 0) >= 0;
}

static void tell_pending(struct messages *messages)
{
    struct subscription *at = messages->subscriptions;
    while (at != NULL && messages->heard != NULL) {
        const char *what = at->pending;
        if (what == NULL) {
            at = at->next;
            continue;
        }
        char election[LEASE_ELECTION_SIZE];
        (void)snprintf(election, sizeof election, "%s", at->election);
        at->pending = NULL;
        messages->heard(messages->owner, election, what);
        at = messages->subscriptions; /* the list may be another one now */
    }
}

static void look(struct messages *messages)
{
    uint64_t now[MESSAGE_SLOTS];
    if (!read_slots(messages, now)) {
        return;
    }
    for (struct subscription *at = messages->subscriptions; at != NULL; at = at->next) {
        if (now[at->slot] != messages->seen[at->slot]) {
            at->pending = words[now[at->slot] % WORDS];
        }
    }
    memcpy(messages->seen, now, sizeof messages->seen);
    tell_pending(messages);
}

static void open_file(struct messages *messages);

static bool is_gone(const struct messages *messages, int events)
{
    struct stat file;
    return (events & UV_RENAME) != 0 || fstat(messages->fd, &file) != 0 || file.st_nlink == 0;
}

static void on_event(uv_fs_event_t *watch, const char *name, int events, int status)
{
    struct messages *messages =
        (struct messages *)((char *)watch - offsetof(struct messages, watch));
    (void)name;
    if (status != 0) {
        return;
    }
    if (is_gone(messages, events)) { /* go on with the file that is there now */
        (void)uv_fs_event_stop(watch);
        (void)close(messages->fd);
        open_file(messages);
    }
    look(messages);
}

static void open_file(struct messages *messages)
{
    messages->fd = open(messages->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (messages->fd >= 0) {
        (void)uv_fs_event_start(&messages->watch, on_event, messages->path, 0);
    }
}

void messages_init(struct messages *messages, uv_loop_t *loop, const char *path)
{
    messages->fd = -1;
    messages->path = strdup(path);
    (void)uv_fs_event_init(loop, &messages->watch);
    if (messages->path != NULL) {
        open_file(messages);
    }
    (void)read_slots(messages, messages->seen);
}

void messages_listen(struct messages *messages, message_cb *heard, void *owner)
{
    messages->heard = heard;
    messages->owner = owner;
    messages->watch.data = owner;
}

static struct subscription **find(struct messages *messages, const char *election)
{
    struct subscription **link = &messages->subscriptions;
    while (*link != NULL && strcmp((*link)->election, election) != 0) {
        link = &(*link)->next;
    }
    return link;
}

void messages_subscribe(struct messages *messages, const char *election)
{
    struct subscription **end = find(messages, election);
    if (*end == NULL) {
        *end = calloc(1, sizeof **end);
    }
    if (*end != NULL) { /* without memory there are no hints, and looks come by the clock */
        (*end)->slot = slot_of(election);
        (void)snprintf((*end)->election, sizeof(*end)->election, "%s", election);
    }
}

void messages_unsubscribe(struct messages *messages, const char *election)
{
    struct subscription **link = find(messages, election);
    struct subscription *gone = *link;
    if (gone != NULL) {
        *link = gone->next;
        free(gone);
    }
}

void messages_send(const struct messages *messages, const char *election, const char *what)
{
    uint64_t kind = 0;
    while (kind < WORDS && strcmp(words[kind], what) != 0) {
        kind++;
    }
    if (messages->fd >= 0 && kind < WORDS) {
        uint64_t value = (uint64_t)boottime_us() << WORD_BITS | kind;
        off_t place = (off_t)(slot_of(election) * sizeof value);
        ssize_t written = pwrite(messages->fd, &value, sizeof value, place);
        (void)written; /* a lost hint is no failure */
    }
}

void messages_stop(struct messages *messages)
{
    messages->heard = NULL;
    (void)uv_fs_event_stop(&messages->watch);
}

void messages_close(struct messages *messages, uv_close_cb closed)
{
    messages_stop(messages);
    while (messages->subscriptions != NULL) {
        messages_unsubscribe(messages, messages->subscriptions->election);
    }
    if (messages->fd >= 0) {
        (void)close(messages->fd);
    }
    free(messages->path);
    uv_close((uv_handle_t *)&messages->watch, closed);
}

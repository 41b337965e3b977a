/*
 * leaderd's leader flag: "am I the leader" in nanoseconds, without a request.
 *
 * The daemon keeps a page of shared memory for each election, `$RUNTIME/<election>.lease`. This
 * header is all that a C or C++ program needs to read it; it needs nothing else of leaderd.
 *
 *     struct leaderd_flag flag;
 *     leaderd_flag_open(&flag, "/run/leaderd/billing.lease");
 *     while (work_to_do()) {
 *         int64_t token = leaderd_flag_token(&flag);
 *         if (token != 0) {
 *             do_some(token);
 *         }
 *     }
 *     leaderd_flag_close(&flag);
 *
 * It is safe because the reader looks at the clock: whatever became of the daemon, the flag ends
 * with the lease. A page that is missing, torn, stale, of another boot, or not one at all says
 * "not leader". A page that was replaced is noticed as soon as the old one does not say "leader".
 * Needs CLOCK_BOOTTIME of the daemon's host: no time namespace in between.
 *
 * One struct is for one thread at a time. Needs POSIX.1-2008: gcc's default is fine, a strict
 * -std=c17 wants -D_POSIX_C_SOURCE=200809L.
 */
#ifndef LEADERD_FLAG_H
#define LEADERD_FLAG_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME 7 /* as Linux has it on every architecture; hidden by strict -std */
#endif

#define LEADERD_FLAG_MAGIC UINT64_C(0x314452454441454c) /* "LEADERD1", little-endian */
#define LEADERD_FLAG_SIZE 128

/* The page, in the host's byte order. */
struct leaderd_flag_page {
    uint64_t magic;
    uint64_t sequence;               /* odd while the page is being written */
    int64_t token;                   /* fencing token of the lease; 0: holds none */
    int64_t leads_until_boottime_ms; /* may act as leader before this; 0: may not */
    int64_t deadline_boottime_ms;    /* all work must have stopped by then; 0: holds no lease */
    uint64_t check;                  /* the five words before it, combined by exclusive or */
    char boot_id[36];                /* /proc/sys/kernel/random/boot_id */
    uint32_t pid;                    /* of the daemon */
    char reserved[LEADERD_FLAG_SIZE - 88];
};

struct leaderd_flag {
    struct leaderd_flag_page *page; /* to be read only; NULL: there is none yet */
    char path[256];
    char boot_id[36];
    dev_t device;
    ino_t inode;
};

/* What the page said at one moment. */
struct leaderd_flag_state {
    int64_t token;
    int64_t leads_until_boottime_ms, deadline_boottime_ms;
};

static inline int64_t leaderd_flag_now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        return INT64_MAX;
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void leaderd_flag_close(struct leaderd_flag *flag)
{
    if (flag->page != NULL) {
        (void)munmap(flag->page, LEADERD_FLAG_SIZE);
    }
    flag->page = NULL;
}

/* Maps the page if there is one other than the one that is mapped; 1 if so. */
static inline int leaderd_flag_reopen(struct leaderd_flag *flag)
{
    struct stat status;
    int opened = 0;
    if (stat(flag->path, &status) != 0 ||
        (flag->page != NULL && status.st_dev == flag->device && status.st_ino == flag->inode)) {
        return 0;
    }
    int fd = open(flag->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= LEADERD_FLAG_SIZE) {
        void *memory = mmap(NULL, LEADERD_FLAG_SIZE, PROT_READ, MAP_SHARED, fd, 0);
        if (memory != MAP_FAILED) {
            leaderd_flag_close(flag);
            flag->page = (struct leaderd_flag_page *)memory;
            flag->device = status.st_dev;
            flag->inode = status.st_ino;
            opened = 1;
        }
    }
    (void)close(fd);
    return opened;
}

/* Never fails for want of a page: it may come later. -1 when the path is too long, or the host
 * does not tell which boot this is. */
static inline int leaderd_flag_open(struct leaderd_flag *flag, const char *path)
{
    memset(flag, 0, sizeof *flag);
    size_t length = strlen(path);
    if (length >= sizeof flag->path) {
        return -1;
    }
    memcpy(flag->path, path, length + 1);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, flag->boot_id, sizeof flag->boot_id);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got != (ssize_t)sizeof flag->boot_id) {
        return -1;
    }
    (void)leaderd_flag_reopen(flag);
    return 0;
}

/* A consistent copy; 0 when there is none to be had. */
static inline int leaderd_flag_copy(const struct leaderd_flag *flag,
                                    struct leaderd_flag_state *state)
{
    const struct leaderd_flag_page *page = flag->page;
    for (int i = 0; page != NULL && i < 8; i++) {
        uint64_t before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
        state->token = __atomic_load_n(&page->token, __ATOMIC_RELAXED);
        state->leads_until_boottime_ms =
            __atomic_load_n(&page->leads_until_boottime_ms, __ATOMIC_RELAXED);
        state->deadline_boottime_ms =
            __atomic_load_n(&page->deadline_boottime_ms, __ATOMIC_RELAXED);
        uint64_t check = __atomic_load_n(&page->check, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        uint64_t after = __atomic_load_n(&page->sequence, __ATOMIC_RELAXED);
        uint64_t expected = LEADERD_FLAG_MAGIC ^ before ^ (uint64_t)state->token ^
                            (uint64_t)state->leads_until_boottime_ms ^
                            (uint64_t)state->deadline_boottime_ms;
        if (before % 2 == 0 && before == after && check == expected) {
            return page->magic == LEADERD_FLAG_MAGIC &&
                   memcmp(page->boot_id, flag->boot_id, sizeof flag->boot_id) == 0;
        }
    }
    return 0;
}

/* The fencing token while this host's participant leads, else 0. */
static inline int64_t leaderd_flag_token(struct leaderd_flag *flag)
{
    struct leaderd_flag_state state;
    do {
        if (leaderd_flag_copy(flag, &state) && state.token != 0 &&
            leaderd_flag_now_ms() < state.leads_until_boottime_ms) {
            return state.token;
        }
    } while (leaderd_flag_reopen(flag));
    return 0;
}

static inline int leaderd_flag_is_leader(struct leaderd_flag *flag)
{
    return leaderd_flag_token(flag) != 0;
}

/* When all work must have stopped, on CLOCK_BOOTTIME in ms; 0: no lease is held. Also while a lease
 * is kept for work to end in. */
static inline int64_t leaderd_flag_deadline_ms(const struct leaderd_flag *flag)
{
    struct leaderd_flag_state state;
    return leaderd_flag_copy(flag, &state) ? state.deadline_boottime_ms : 0;
}

#ifdef __cplusplus
}
#endif

#endif

#include "daemon/flag_page.h"

#include "lib/leaderd_flag.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>

_Static_assert(sizeof(struct leaderd_flag_page) == LEADERD_FLAG_SIZE, "the layout is a promise");

struct flag_page {
    int fd;
    struct leaderd_flag_page *shared;
    int64_t token, leads_until_ms, deadline_ms; /* as shown */
};

/* The memory is there before it is mapped: a full disk must not become a signal later. */
static bool prepare(struct flag_page *page, const char *path, struct problem *problem)
{
    struct stat status;
    page->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (page->fd < 0) {
        return problem_set(problem, "cannot open the leader flag %s: %s", path, strerror(errno));
    }
    if (flock(page->fd, LOCK_EX | LOCK_NB) != 0) {
        return problem_set(problem,
                           "another daemon keeps the leader flag %s: give each daemon its own "
                           "runtime directory",
                           path);
    }
    int reason = fchmod(page->fd, 0644) == 0 && fstat(page->fd, &status) == 0 ? 0 : errno;
    reason = reason == 0 ? posix_fallocate(page->fd, 0, LEADERD_FLAG_SIZE) : reason;
    if (reason != 0) {
        return problem_set(problem, "cannot make the leader flag %s: %s", path, strerror(reason));
    }
    void *memory = mmap(NULL, LEADERD_FLAG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, page->fd, 0);
    if (memory == MAP_FAILED) {
        return problem_set(problem, "cannot map the leader flag %s: %s", path, strerror(errno));
    }
    page->shared = memory;
    return true;
}

/* A reader may have the page of the daemon before this one: it is written like any other change. */
static void begin_writing(struct leaderd_flag_page *shared)
{
    uint64_t sequence = __atomic_load_n(&shared->sequence, __ATOMIC_RELAXED) | 1;
    __atomic_store_n(&shared->sequence, sequence, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void end_writing(struct flag_page *page)
{
    struct leaderd_flag_page *shared = page->shared;
    uint64_t sequence = __atomic_load_n(&shared->sequence, __ATOMIC_RELAXED) + 1;
    uint64_t check = LEADERD_FLAG_MAGIC ^ sequence ^ (uint64_t)page->token ^
                     (uint64_t)page->leads_until_ms ^ (uint64_t)page->deadline_ms;
    __atomic_store_n(&shared->token, page->token, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->leads_until_boottime_ms, page->leads_until_ms, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->deadline_boottime_ms, page->deadline_ms, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->check, check, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->sequence, sequence, __ATOMIC_RELEASE);
}

struct flag_page *flag_page_open(const char *directory, const char *election,
                                 struct problem *problem)
{
    char path[4096];
    char boot_id[BOOT_ID_SIZE];
    struct flag_page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        (void)problem_set(problem, "leader flag: out of memory");
        return NULL;
    }
    page->fd = -1;
    boot_id_read(boot_id);
    int length = snprintf(path, sizeof path, "%s/%s.lease", directory, election);
    bool good = length > 0 && (size_t)length < sizeof path;
    if (!good || boot_id[0] == '\0') {
        (void)problem_set(problem, "leader flag: %s",
                          good ? "/proc does not tell which boot this is" : "the path is too long");
        good = false;
    }
    if (!good || !prepare(page, path, problem)) {
        flag_page_close(page);
        return NULL;
    }
    assert(page->shared != NULL);
    begin_writing(page->shared);
    page->shared->magic = LEADERD_FLAG_MAGIC;
    memcpy(page->shared->boot_id, boot_id, sizeof page->shared->boot_id);
    page->shared->pid = (uint32_t)getpid();
    end_writing(page);
    return page;
}

void flag_page_show(struct flag_page *page, int64_t token, int64_t leads_until_boottime_ms,
                    int64_t deadline_boottime_ms)
{
    if (page->token == token && page->leads_until_ms == leads_until_boottime_ms &&
        page->deadline_ms == deadline_boottime_ms) {
        return;
    }
    page->token = token;
    page->leads_until_ms = leads_until_boottime_ms;
    page->deadline_ms = deadline_boottime_ms;
    begin_writing(page->shared);
    end_writing(page);
}

void flag_page_close(struct flag_page *page)
{
    if (page == NULL) {
        return;
    }
    if (page->shared != NULL) {
        flag_page_show(page, 0, 0, 0);
        (void)munmap(page->shared, LEADERD_FLAG_SIZE);
    }
    if (page->fd >= 0) {
        (void)close(page->fd);
    }
    free(page);
}

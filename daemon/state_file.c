#include "daemon/state_file.h"

#include "daemon/boot_id.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The block, as it is on disk. Version 1; another version reads as nothing. */
struct block {
    char magic[8];
    char boot_id[BOOT_ID_SIZE];
    char machine_id[MACHINE_ID_SIZE];
    uint64_t device, inode; /* of this very file: a copy of it is somebody else's */
    char instance[LEASE_INSTANCE_SIZE];
    uint8_t released, at_work;
    int64_t term, n, n_acked;
    int64_t deadline_boot_ms, deadline_raw_ms;
    int64_t highest_term;
    uint64_t checksum; /* of everything before it */
};

static const char magic[8] = "LDSTATE1";

struct state_file {
    int lock_fd;
    int fd;
    struct block block;
};

/* FNV-1a, 64 bits: finds torn and foreign blocks; it is no defence against forgers. */
static uint64_t checksum_of(const struct block *block)
{
    const unsigned char *bytes = (const unsigned char *)block;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < offsetof(struct block, checksum); i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

static bool block_is_whole(const struct block *block)
{
    return memcmp(block->magic, magic, sizeof magic) == 0 &&
           block->checksum == checksum_of(block) && block->highest_term >= 0 &&
           block->highest_term <= LEASE_TERM_MAX && block->term >= 0 &&
           block->term <= LEASE_TERM_MAX && block->n >= block->n_acked && block->n_acked >= 0 &&
           memchr(block->instance, '\0', sizeof block->instance) != NULL &&
           strlen(block->instance) == LEASE_INSTANCE_SIZE - 1;
}

static void read_memo(struct state_file *file, struct elector_memo *memo)
{
    struct block block;
    *memo = (struct elector_memo){.released = true};
    ssize_t length = pread(file->fd, &block, sizeof block, 0);
    if (length != (ssize_t)sizeof block || !block_is_whole(&block)) {
        return;
    }
    memo->highest_term = block.highest_term;
    if (memcmp(block.boot_id, file->block.boot_id, sizeof block.boot_id) != 0 ||
        memcmp(block.machine_id, file->block.machine_id, sizeof block.machine_id) != 0 ||
        block.device != file->block.device || block.inode != file->block.inode) {
        return;
    }
    memcpy(memo->instance, block.instance, sizeof memo->instance);
    memo->term = block.term;
    memo->n = block.n;
    memo->n_acked = block.n_acked;
    memo->deadline = (struct moment){block.deadline_boot_ms, block.deadline_raw_ms};
    memo->released = block.released != 0;
    memo->at_work = block.at_work != 0;
}

static int open_beside(const char *directory, const char *election, const char *ending,
                       struct problem *problem)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s.%s", directory, election, ending);
    if (length < 0 || (size_t)length >= sizeof path) {
        (void)problem_set(problem, "state_dir: the path %s/… is too long", directory);
        return -1;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        (void)problem_set(problem, "state_dir: cannot open %s: %s", path, strerror(errno));
    }
    return fd;
}

struct state_file *state_file_open(const char *directory, const char *election,
                                   struct elector_memo *memo, struct problem *problem)
{
    struct state_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        (void)problem_set(problem, "state_dir: out of memory");
        return NULL;
    }
    file->fd = -1;
    file->lock_fd = open_beside(directory, election, "lock", problem);
    if (file->lock_fd < 0) {
        goto out;
    }
    if (flock(file->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        (void)problem_set(problem,
                          "state_dir: another process takes part in election %s with the state "
                          "directory %s: give each daemon its own state_dir",
                          election, directory);
        goto out;
    }
    file->fd = open_beside(directory, election, "state", problem);
    if (file->fd < 0) {
        goto out;
    }
    struct stat status;
    if (fstat(file->fd, &status) != 0) {
        (void)problem_set(problem, "state_dir: %s", strerror(errno));
        goto out;
    }
    file->block.device = status.st_dev;
    file->block.inode = status.st_ino;
    memcpy(file->block.magic, magic, sizeof magic);
    boot_id_read(file->block.boot_id);
    machine_id_read(file->block.machine_id);
    read_memo(file, memo);
    return file;
out:
    state_file_close(file);
    return NULL;
}

bool state_file_write(struct state_file *file, const struct elector_memo *memo,
                      struct problem *problem)
{
    struct block *block = &file->block;
    memcpy(block->instance, memo->instance, sizeof block->instance);
    block->released = memo->released;
    block->at_work = memo->at_work;
    block->term = memo->term;
    block->n = memo->n;
    block->n_acked = memo->n_acked;
    block->deadline_boot_ms = memo->deadline.boot_ms;
    block->deadline_raw_ms = memo->deadline.raw_ms;
    block->highest_term = memo->highest_term;
    block->checksum = checksum_of(block);
    if (pwrite(file->fd, block, sizeof *block, 0) == (ssize_t)sizeof *block) {
        return true;
    }
    int reason = errno;
    if (ftruncate(file->fd, 0) != 0) {
        reason = errno;
    }
    return problem_set(problem, "state_dir: cannot write the state of the election: %s",
                       strerror(reason));
}

void state_file_close(struct state_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->fd >= 0) {
        close(file->fd);
    }
    if (file->lock_fd >= 0) {
        close(file->lock_fd);
    }
    free(file);
}

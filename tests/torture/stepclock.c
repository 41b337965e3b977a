/*
 * Preloaded into redis-server, this adds an offset to its wall clock, so that a run can step it.
 *
 * The offset is a signed 64-bit number of nanoseconds in the file named by STEPCLOCK_FILE, which
 * whoever runs the test writes to at any time. Only CLOCK_REALTIME moves; the clocks that measure
 * time go on. (libfaketime hangs with redis-server's allocator.)
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_ns;

__attribute__((constructor)) static void map_offset(void)
{
    const char *path = getenv("STEPCLOCK_FILE");
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) {
        return;
    }
    void *page = mmap(NULL, sizeof *offset_ns, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) {
        offset_ns = page;
    }
}

static int stepped(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && offset_ns != NULL &&
        (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t at_ns = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + *offset_ns;
        now->tv_sec = at_ns / 1000000000;
        now->tv_nsec = at_ns % 1000000000;
    }
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    return stepped(clock, now);
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec at;
    (void)zone;
    int result = stepped(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return result;
}

time_t time(time_t *now)
{
    struct timespec at;
    (void)stepped(CLOCK_REALTIME, &at);
    if (now != NULL) {
        *now = at.tv_sec;
    }
    return at.tv_sec;
}

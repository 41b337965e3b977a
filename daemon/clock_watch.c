#include "daemon/clock_watch.h"

#include "lib/base/moment.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int64_t offset_ms(void)
{
    return (wall_us() - boottime_us()) / 1000;
}

/* A timer on the wall clock that never fires, but is cancelled by every step (timerfd_create(2)).
 */
static bool arm(struct clock_watch *watch)
{
    struct itimerspec never = {.it_value = {.tv_sec = INT32_MAX * INT64_C(100)}};
    int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    return timerfd_settime(watch->timer_fd, flags, &never, NULL) == 0;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct clock_watch *watch = poll->data;
    uint64_t expirations;
    (void)status;
    (void)events;
    bool stepped =
        read(watch->timer_fd, &expirations, sizeof expirations) < 0 && errno == ECANCELED;
    if (!arm(watch)) {
        uv_poll_stop(poll);
    }
    if (stepped) {
        int64_t before_ms = watch->offset_ms;
        watch->offset_ms = offset_ms();
        watch->jumped(watch->owner, watch->offset_ms - before_ms);
    }
}

bool clock_watch_start(struct clock_watch *watch, uv_loop_t *loop, struct problem *problem)
{
    watch->timer_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (watch->timer_fd < 0 || !arm(watch) ||
        uv_poll_init(loop, &watch->poll, watch->timer_fd) != 0) {
        int reason = errno;
        if (watch->timer_fd >= 0) {
            close(watch->timer_fd);
        }
        watch->timer_fd = -1;
        return problem_set(problem, "steps of the wall clock cannot be seen here: %s",
                           strerror(reason));
    }
    watch->offset_ms = offset_ms();
    watch->poll.data = watch;
    return uv_poll_start(&watch->poll, UV_READABLE, on_readable) == 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct clock_watch *watch = handle->data;
    close(watch->timer_fd);
    watch->timer_fd = -1;
}

void clock_watch_stop(struct clock_watch *watch)
{
    if (watch->poll.data != NULL && !uv_is_closing((uv_handle_t *)&watch->poll)) {
        uv_close((uv_handle_t *)&watch->poll, on_closed);
    }
}

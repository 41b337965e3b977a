#include "daemon/keeper.h"

#include "daemon/boot_timer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AGAIN_MS = 20, TRIES = 250 };

struct order {
    pid_t group;
    int64_t kill_at_ms;
};

/* Kills until nobody is left to be seen: a fork may have been under way. What is dead is seen until
 * somebody collects it, which an init process may neglect. */
static void kill_group(pid_t group)
{
    for (int i = 0; i < TRIES && kill(-group, SIGKILL) == 0; i++) {
        (void)poll(NULL, 0, AGAIN_MS);
    }
}

/* The latest order there is; false when the starter is dead. */
static bool take_order(int fd, struct order *order)
{
    for (;;) {
        struct order next;
        ssize_t got = recv(fd, &next, sizeof next, MSG_DONTWAIT);
        if (got == 0) {
            return false;
        }
        if (got != (ssize_t)sizeof next) {
            return errno != ECONNRESET;
        }
        *order = next;
    }
}

static void keep(int fd, int timer)
{
    struct order order = {.kill_at_ms = BOOT_TIMER_NEVER};
    bool alive = true;
    while (alive) {
        struct pollfd waits[] = {{.fd = fd, .events = POLLIN}, {.fd = timer, .events = POLLIN}};
        boot_timer_set(timer, order.group != 0 ? order.kill_at_ms : BOOT_TIMER_NEVER);
        (void)poll(waits, 2, -1);
        alive = take_order(fd, &order);
        bool due = order.group != 0 && boot_now_ms() >= order.kill_at_ms;
        if (due && alive) {
            (void)kill(-order.group, SIGKILL);
            order.kill_at_ms = boot_now_ms() + AGAIN_MS;
        }
    }
    if (order.group != 0) {
        kill_group(order.group);
    }
}

static _Noreturn void live(int fd, int timer)
{
    sigset_t all;
    (void)setsid();
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)prctl(PR_SET_NAME, "leaderd-keeper");
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) {
        (void)dup2(null, i);
    }
    for (int i = 3, end = (int)sysconf(_SC_OPEN_MAX); i < end && i < 1024; i++) {
        if (i != fd && i != timer) {
            (void)close(i);
        }
    }
    keep(fd, timer);
    _exit(0);
}

bool keeper_start(struct keeper *keeper, struct problem *problem)
{
    int ends[2];
    *keeper = (struct keeper){.fd = -1};
    int timer = boot_timer_open();
    if (timer < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        int reason = errno;
        if (timer >= 0) {
            (void)close(timer);
        }
        return problem_set(problem, "cannot start a keeper: %s", strerror(reason));
    }
    keeper->pid = fork();
    if (keeper->pid == 0) {
        (void)close(ends[0]);
        live(ends[1], timer);
    }
    int reason = errno;
    (void)close(timer);
    (void)close(ends[1]);
    if (keeper->pid < 0) {
        keeper->pid = 0;
        (void)close(ends[0]);
        return problem_set(problem, "cannot start a keeper: %s", strerror(reason));
    }
    keeper->fd = ends[0];
    return true;
}

void keeper_stop(struct keeper *keeper)
{
    if (keeper->pid == 0) {
        return;
    }
    /* Also when a job that has not begun yet still has a copy of it. */
    (void)shutdown(keeper->fd, SHUT_RDWR);
    (void)close(keeper->fd);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    *keeper = (struct keeper){.fd = -1};
}

bool keeper_tell(const struct keeper *keeper, pid_t group, int64_t kill_at_boottime_ms)
{
    struct order order;
    memset(&order, 0, sizeof order); /* nothing of the stack goes along between the members */
    order.group = group;
    order.kill_at_ms = kill_at_boottime_ms;
    ssize_t sent = send(keeper->fd, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == (ssize_t)sizeof order || errno == EAGAIN;
}

/*
 * A workload that writes down when it worked, under which token: a line for each few milliseconds.
 *
 * usage: worker run FILE        as `leaderd run` starts it; has a child that ignores SIGTERM
 *        worker flag FILE PAGE  works while the leader flag says so
 *
 * A line is "TOKEN AT", AT being microseconds on CLOCK_BOOTTIME. Lines are written whole.
 */
#include "leaderd_flag.h"

#include <signal.h>
#include <stdlib.h>

enum { PERIOD_US = 3000 };

static void rest(void)
{
    struct timespec period = {.tv_nsec = PERIOD_US * 1000};
    (void)nanosleep(&period, NULL);
}

static void work(int fd, long long token)
{
    char line[64];
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    int length = snprintf(line, sizeof line, "%lld %lld\n", token,
                          (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    if (write(fd, line, (size_t)length) != length) {
        exit(3);
    }
}

int main(int argc, char **argv)
{
    struct leaderd_flag flag;
    int fd = argc > 2 ? open(argv[2], O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (fd < 0) {
        return 2;
    }
    if (strcmp(argv[1], "run") == 0) {
        const char *text = getenv("LEADERD_FENCING_TOKEN");
        long long token = text != NULL ? atoll(text) : 0;
        if (fork() == 0) {
            (void)signal(SIGTERM, SIG_IGN);
        }
        for (;;) {
            work(fd, token);
            rest();
        }
    }
    if (argc != 4 || leaderd_flag_open(&flag, argv[3]) != 0) {
        return 2;
    }
    for (;;) {
        int64_t token = leaderd_flag_token(&flag);
        if (token != 0) {
            work(fd, token);
        }
        rest();
    }
}

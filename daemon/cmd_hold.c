/* leaderd hold: blocks while this participant leads. */
#include "daemon/boot_timer.h"
#include "daemon/cli_client.h"
#include "daemon/commands.h"
#include "daemon/lease_feed.h"
#include "daemon/notify.h"
#include "daemon/signals.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_command hold_command = {
    .name = "hold",
    .synopsis = "[ELECTION]",
    .what =
        "Waits until this participant leads, and then as long as it does. Under systemd\n"
        "(Type=notify) it is ready when it leads; when leadership ends it says that it is\n"
        "stopping, and ends at SIGUSR1, which says that the units bound to it are down, at the\n"
        "latest when the lease must be given up. Elsewhere it ends at once, and the daemon\n"
        "takes its end for that of the work.\n",
    .examples = "  leaderd hold billing; echo 'no longer leader'\n"
                "  leaderd hold billing --url http://127.0.0.1:8720 && ./clean-up\n",
    .exits = "  0   it got SIGTERM, SIGINT, SIGHUP or SIGQUIT while it waited or led\n"
             "  1   there is no such election\n"
             "  75  leadership has ended\n"
             "  77  not permitted\n"
             "  78  the token file is wrong\n",
    .operands_max = 1,
};

enum { HOLD_LOST = 75 };

enum hold_stage { HOLD_WAITING = 1, HOLD_LEADING, HOLD_STOPPING };

struct hold {
    struct client client;
    struct cli_place place;
    bool notifies; /* somebody listens to sd_notify */
    bool told_silence;
    enum hold_stage stage;
    char election[LEASE_ELECTION_SIZE];
    int64_t token, leads_until_ms, end_at_ms;
    bool done;
    int exit_code;
};

static void finish(struct hold *hold, int exit_code)
{
    hold->exit_code = exit_code;
    hold->done = true;
}

static void take_terms(struct hold *hold, const struct lease_news *news)
{
    hold->leads_until_ms = news->leads_until_boottime_ms;
    hold->end_at_ms = lease_news_kill_at_ms(news);
}

static void begin_leading(struct hold *hold, const struct lease_news *news)
{
    char message[LEASE_ELECTION_SIZE + 64];
    take_terms(hold, news);
    hold->stage = HOLD_LEADING;
    hold->token = news->token;
    (void)snprintf(hold->election, sizeof hold->election, "%s", news->election);
    (void)snprintf(message, sizeof message, "READY=1\nSTATUS=leader of %s, token %lld",
                   news->election, (long long)news->token);
    notify_send(message);
}

/* Without systemd whoever waits for our end is told by it, at once. */
static void begin_stopping(struct hold *hold)
{
    hold->stage = HOLD_STOPPING;
    (void)cli_fail(0, "leadership of %s ended", hold->election);
    notify_send("STOPPING=1\nSTATUS=leadership has ended");
    if (!hold->notifies) {
        finish(hold, HOLD_LOST);
    }
}

static void wait_on(struct hold *hold, const struct lease_news *news)
{
    if (news->kind == LEASE_NEWS_REFUSED) {
        finish(hold, cli_fail(news->exit_code, "%s", news->problem.text));
    } else if (news->kind == LEASE_NEWS_SILENCE && !hold->told_silence) {
        hold->told_silence = true;
        (void)cli_fail(0, "waiting for the daemon: %s", news->problem.text);
    } else if (news->leads && boot_now_ms() < news->leads_until_boottime_ms) {
        begin_leading(hold, news);
    }
}

static void take_news(struct hold *hold, const struct lease_news *news)
{
    if (hold->stage == HOLD_WAITING) {
        wait_on(hold, news);
        return;
    }
    if (lease_news_is_of(news, hold->token)) {
        take_terms(hold, news);
    }
    if (hold->stage == HOLD_LEADING && lease_news_ends(news, hold->token)) {
        begin_stopping(hold);
    }
}

static void take_time(struct hold *hold)
{
    int64_t now_ms = boot_now_ms();
    if (hold->stage == HOLD_LEADING && now_ms >= hold->leads_until_ms) {
        begin_stopping(hold);
    }
    if (hold->stage == HOLD_STOPPING && !hold->done && now_ms >= hold->end_at_ms) {
        finish(hold, HOLD_LOST);
    }
}

static void take_signal(struct hold *hold, int number)
{
    if (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT) {
        finish(hold, hold->stage == HOLD_STOPPING ? HOLD_LOST : CLI_YES);
    } else if (number == SIGUSR1 && hold->stage == HOLD_STOPPING) {
        finish(hold, HOLD_LOST);
    } else if (number == SIGTSTP || number == SIGTTIN) {
        (void)raise(SIGSTOP);
    }
}

static int64_t next_instant(const struct hold *hold)
{
    switch (hold->stage) {
    case HOLD_WAITING:
        return BOOT_TIMER_NEVER;
    case HOLD_LEADING:
        return hold->leads_until_ms;
    case HOLD_STOPPING:
        return hold->end_at_ms;
    }
    return BOOT_TIMER_NEVER;
}

static void hold_loop(struct hold *hold, int signals, int timer, int feed)
{
    struct pollfd waits[] = {{.fd = signals, .events = POLLIN},
                             {.fd = timer, .events = POLLIN},
                             {.fd = feed, .events = POLLIN}};
    hold->stage = HOLD_WAITING;
    while (!hold->done) {
        struct lease_news news;
        int signal;
        boot_timer_set(timer, next_instant(hold));
        (void)poll(waits, 3, -1);
        take_time(hold);
        while (!hold->done && (signal = signals_next(signals)) != 0) {
            take_signal(hold, signal);
        }
        while (!hold->done && lease_feed_read(feed, &news)) {
            take_news(hold, &news);
        }
    }
    if (hold->stage != HOLD_WAITING) {
        lease_feed_say_ended(hold->election);
    }
}

int cmd_hold(int argc, char **argv)
{
    static struct hold hold; /* the thread of the feed may outlive this function */
    const struct cli_option table[] = {CLI_CLIENT_OPTIONS(hold.place), {0}};
    struct problem problem = {""};
    sigset_t before;
    int first = 0;
    int code = 0;
    if (!cli_parse(&hold_command, table, argc, argv, &first, &code)) {
        return code;
    }
    code = cli_open(&hold.client, &hold.place);
    if (code != 0) {
        return code;
    }
    int timer = boot_timer_open();
    int signals = signals_open(&before);
    if (timer < 0 || signals < 0) {
        return cli_fail(CLI_INTERNAL, "cannot wait for signals and time: %s", strerror(errno));
    }
    hold.notifies = getenv("NOTIFY_SOCKET") != NULL;
    int feed = lease_feed_start(&hold.client, first < argc ? argv[first] : NULL, "hold", &problem);
    if (feed < 0) {
        return cli_fail(CLI_INTERNAL, "%s", problem.text);
    }
    hold_loop(&hold, signals, timer, feed);
    return hold.exit_code;
}

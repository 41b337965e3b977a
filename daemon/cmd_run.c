/* leaderd run: a command that runs only while this participant leads. */
#include "daemon/boot_timer.h"
#include "daemon/cli_client.h"
#include "daemon/commands.h"
#include "daemon/environment.h"
#include "daemon/job.h"
#include "daemon/keeper.h"
#include "daemon/lease_feed.h"
#include "daemon/signals.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command run_command = {
    .name = "run",
    .synopsis = "[ELECTION] [--wait D] [--restart] -- CMD [ARG...]",
    .what =
        "Waits until this participant leads, and runs CMD while it does: in a process group of\n"
        "its own, without a shell. When leadership ends CMD gets SIGTERM, and SIGKILL early\n"
        "enough that nothing of its group is alive when the lease ends, whatever becomes of the\n"
        "daemon. The lease is given up only when the group is gone. CMD has LEADERD_ELECTION,\n"
        "LEADERD_FENCING_TOKEN, LEADERD_DEADLINE_BOOTTIME_MS and LEADERD_URL in its environment.\n"
        "Signals are passed on to the group.\n",
    .examples = "  leaderd run billing -- /usr/local/bin/send-invoices --all\n"
                "  leaderd run billing --restart --wait 1h -- sh -c './work \"$LEADERD_URL\"'\n",
    .exits = "  0    CMD has ended with 0\n"
             "  1    there is no such election\n"
             "  69   no daemon answered in all the time of --wait\n"
             "  75   leadership was lost, and CMD was stopped\n"
             "  77   not permitted\n"
             "  78   the token file is wrong\n"
             "  124  not leader within --wait\n"
             "  126  CMD cannot be run\n"
             "  127  CMD was not found\n"
             "  else the exit code of CMD, 128 + N when signal N ended it\n",
    .operands_max = 1,
};

enum {
    RUN_LOST = 75,
    RUN_NOT_LEADER = 124,
    KILL_AGAIN_MS = 10,
};

enum run_stage { RUN_WAITING = 1, RUN_WORKING, RUN_STOPPING };

struct run {
    struct client client;
    struct cli_place place;
    const char *wait;
    bool restart;
    char **command;
    const char *election; /* as named; NULL: the only one */
    char name[LEASE_ELECTION_SIZE];

    enum run_stage stage;
    struct job job;
    struct keeper keeper;
    sigset_t mask; /* as it was before */
    int signals, timer, feed;

    int64_t give_up_at_ms; /* of --wait */
    int64_t wait_ms;       /* negative: for ever */
    bool answered;         /* a daemon has, since the wait began */
    bool told_silence;

    struct lease_news offer; /* the latest */

    int64_t token; /* of the reign that the command runs under */
    int64_t leads_until_ms, kill_at_ms;
    int64_t stop_margin_ms;
    bool lost; /* the command is stopped since leadership ended, not since it ended by itself */
    int exit_code;
    bool done;
};

static void finish(struct run *run, int exit_code)
{
    run->exit_code = exit_code;
    run->done = true;
}

/* Somebody may kill the keeper; without one nothing may run. */
static void replace_keeper(struct run *run)
{
    struct problem problem = {"the keeper ends as soon as it is started"};
    keeper_stop(&run->keeper);
    if (!keeper_start(&run->keeper, &problem) ||
        !keeper_tell(&run->keeper, run->job.group, run->kill_at_ms)) {
        job_kill(&run->job);
        finish(run, cli_fail(CLI_INTERNAL, "%s", problem.text));
    }
    run->job.spared = run->keeper.pid;
}

static void tell_keeper(struct run *run)
{
    if (!keeper_tell(&run->keeper, run->job.group, run->kill_at_ms)) {
        replace_keeper(run);
    }
}

static void begin_waiting(struct run *run)
{
    run->stage = RUN_WAITING;
    run->answered = run->told_silence = false;
    run->give_up_at_ms = run->wait_ms >= 0 ? boot_now_ms() + run->wait_ms : BOOT_TIMER_NEVER;
}

/* Work must end: now by request, at kill_at_ms by force. */
static void begin_stopping(struct run *run, bool lost)
{
    run->stage = RUN_STOPPING;
    run->lost = lost;
    job_signal(&run->job, SIGTERM);
    job_signal(&run->job, SIGCONT);
}

static void take_terms(struct run *run, const struct lease_news *news)
{
    run->leads_until_ms = news->leads_until_boottime_ms;
    run->stop_margin_ms = news->stop_margin_ms;
    run->kill_at_ms = lease_news_kill_at_ms(news);
}

static bool start_job(struct run *run, const struct lease_news *news, struct problem *problem)
{
    struct environment environment;
    environment_init(&environment);
    environment_set(&environment, "LEADERD_ELECTION", news->election);
    environment_set(&environment, "LEADERD_URL", news->url);
    environment_set_number(&environment, "LEADERD_FENCING_TOKEN", news->token);
    environment_set_number(&environment, "LEADERD_DEADLINE_BOOTTIME_MS",
                           news->deadline_boottime_ms);
    bool started = environment.failed ? problem_set(problem, "out of memory")
                                      : job_start(&run->job, run->command, environment.variables,
                                                  &run->mask, problem);
    environment_free(&environment);
    return started;
}

static void begin_working(struct run *run)
{
    const struct lease_news *news = &run->offer;
    struct problem problem;
    take_terms(run, news);
    run->token = news->token;
    (void)snprintf(run->name, sizeof run->name, "%s", news->election);
    if (!start_job(run, news, &problem)) {
        finish(run, cli_fail(CLI_INTERNAL, "%s", problem.text));
        return;
    }
    run->stage = RUN_WORKING;
    tell_keeper(run);
    job_go(&run->job);
}

/* What the daemon says while the command runs. */
static void take_news_of_reign(struct run *run, const struct lease_news *news)
{
    int64_t kill_at_ms = run->kill_at_ms;
    if (lease_news_is_of(news, run->token)) {
        take_terms(run, news);
        bool by_itself = run->stage == RUN_STOPPING && !run->lost;
        run->kill_at_ms = by_itself && kill_at_ms < run->kill_at_ms ? kill_at_ms : run->kill_at_ms;
        tell_keeper(run);
    }
    if (run->stage == RUN_WORKING && lease_news_ends(news, run->token)) {
        begin_stopping(run, true);
    }
}

/* Says once what keeps us waiting. */
static void take_silence(struct run *run, const struct lease_news *news)
{
    if (news->kind == LEASE_NEWS_REFUSED) {
        finish(run, cli_fail(news->exit_code, "%s", news->problem.text));
    } else if (!run->told_silence) {
        run->told_silence = true;
        (void)cli_fail(0, "waiting for the daemon: %s", news->problem.text);
    }
}

static void take_news(struct run *run, const struct lease_news *news)
{
    run->answered |= news->kind == LEASE_NEWS_STATE;
    run->offer = *news;
    if (run->stage != RUN_WAITING) {
        take_news_of_reign(run, news);
    } else if (news->kind != LEASE_NEWS_STATE) {
        take_silence(run, news);
    }
}

/* Only the latest news is an offer: what came before it may be over. */
static void take_offer(struct run *run)
{
    const struct lease_news *news = &run->offer;
    if (run->stage == RUN_WAITING && !run->done && news->kind == LEASE_NEWS_STATE && news->leads &&
        boot_now_ms() < news->leads_until_boottime_ms) {
        begin_working(run);
    }
}

static void end_job(struct run *run)
{
    int code = job_exit_code(&run->job);
    job_end(&run->job);
    tell_keeper(run);
    lease_feed_say_ended(run->name);
    if (!run->lost) {
        finish(run, code);
    } else if (run->restart) {
        (void)cli_fail(0, "leadership of %s ended: the command was stopped; waiting for the next",
                       run->name);
        begin_waiting(run);
    } else {
        finish(run,
               cli_fail(RUN_LOST, "leadership of %s ended: the command was stopped", run->name));
    }
}

/* The rest of the group may have as long to stop as it would at the end of the lease. */
static void end_of_command(struct run *run)
{
    int64_t kill_at_ms = boot_now_ms() + run->stop_margin_ms;
    begin_stopping(run, boot_now_ms() >= run->leads_until_ms);
    if (kill_at_ms < run->kill_at_ms) {
        run->kill_at_ms = kill_at_ms;
        tell_keeper(run);
    }
}

static void take_children(struct run *run)
{
    job_reap(&run->job);
    if (run->job.spared == 0) {
        replace_keeper(run);
    }
    if (run->stage == RUN_WORKING && run->job.ended) {
        end_of_command(run);
    } else if (run->stage == RUN_WORKING && run->job.stopped) {
        job_pause(&run->job);
    }
    if (run->stage == RUN_STOPPING && job_is_gone(&run->job)) {
        end_job(run);
    }
}

static void take_signal(struct run *run, int number)
{
    if (number == SIGCHLD) {
        take_children(run);
    } else if (number == SIGCONT && run->stage != RUN_WAITING) {
        job_continue(&run->job);
    } else if (run->stage != RUN_WAITING) {
        job_signal(&run->job, number);
    } else if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT) {
        finish(run, 128 + number);
    } else if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) {
        (void)raise(SIGSTOP);
    }
}

static void take_time(struct run *run)
{
    int64_t now_ms = boot_now_ms();
    if (run->stage == RUN_WORKING && now_ms >= run->leads_until_ms) {
        begin_stopping(run, true);
    }
    if (run->stage == RUN_STOPPING && now_ms >= run->kill_at_ms) {
        job_kill(&run->job);
        run->kill_at_ms = now_ms + KILL_AGAIN_MS;
        take_children(run);
    }
    if (run->stage == RUN_WAITING && now_ms >= run->give_up_at_ms) {
        if (run->answered) {
            finish(run, cli_fail(RUN_NOT_LEADER, "not leader within %s", run->wait));
        } else {
            finish(run, cli_fail(CLI_UNAVAILABLE, "no daemon answered within %s", run->wait));
        }
    }
}

static int64_t next_instant(const struct run *run)
{
    switch (run->stage) {
    case RUN_WAITING:
        return run->give_up_at_ms;
    case RUN_WORKING:
        return run->leads_until_ms < run->kill_at_ms ? run->leads_until_ms : run->kill_at_ms;
    case RUN_STOPPING:
        return run->kill_at_ms;
    }
    return BOOT_TIMER_NEVER;
}

static void run_loop(struct run *run)
{
    begin_waiting(run);
    while (!run->done) {
        struct pollfd waits[] = {{.fd = run->signals, .events = POLLIN},
                                 {.fd = run->timer, .events = POLLIN},
                                 {.fd = run->feed, .events = POLLIN}};
        struct lease_news news;
        int signal;
        boot_timer_set(run->timer, next_instant(run));
        (void)poll(waits, 3, -1);
        take_time(run);
        while (!run->done && (signal = signals_next(run->signals)) != 0) {
            take_signal(run, signal);
        }
        while (!run->done && lease_feed_read(run->feed, &news)) {
            take_news(run, &news);
        }
        take_offer(run);
    }
}

static int open_all(struct run *run)
{
    struct problem problem = {""};
    run->timer = boot_timer_open();
    run->signals = signals_open(&run->mask);
    if (run->timer < 0 || run->signals < 0) {
        return cli_fail(CLI_INTERNAL, "cannot wait for signals and time: %s", strerror(errno));
    }
    if (!keeper_start(&run->keeper, &problem)) {
        return cli_fail(CLI_INTERNAL, "%s", problem.text);
    }
    job_init(&run->job, run->keeper.pid);
    run->feed = lease_feed_start(&run->client, run->election, "run", &problem);
    return run->feed >= 0 ? 0 : cli_fail(CLI_INTERNAL, "%s", problem.text);
}

/* Everything behind `--` is the command: cuts it off. */
static void split_command(struct run *run, int *argc, char **argv)
{
    for (int i = 1; i < *argc && run->command == NULL; i++) {
        if (strcmp(argv[i], "--") == 0) {
            run->command = argv + i + 1;
            *argc = i;
        }
    }
}

int cmd_run(int argc, char **argv)
{
    static struct run run; /* the thread of the feed may outlive this function */
    const struct cli_option table[] = {
        {.name = "wait",
         .argument = "D",
         .help = "give up when not leader within this time",
         .value = &run.wait},
        {.name = "restart",
         .help = "after leadership was lost wait for it again, and start CMD anew",
         .flag = &run.restart},
        CLI_CLIENT_OPTIONS(run.place),
        {0},
    };
    int first = 0;
    int code = 0;
    split_command(&run, &argc, argv);
    if (!cli_parse(&run_command, table, argc, argv, &first, &code)) {
        return code;
    }
    if (run.command == NULL || run.command[0] == NULL) {
        return cli_usage(&run_command, "say what to run: -- CMD [ARG...]");
    }
    run.election = first < argc ? argv[first] : NULL;
    run.wait_ms = -1;
    code = cli_duration(&run_command, "wait", run.wait, &run.wait_ms);
    code = code == 0 ? cli_open(&run.client, &run.place) : code;
    code = code == 0 ? open_all(&run) : code;
    if (code != 0) {
        return code;
    }
    run_loop(&run);
    keeper_stop(&run.keeper);
    return run.exit_code;
}

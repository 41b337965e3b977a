/* sim: runs the simulator, prints the table, and tells the story of a violation.
 *
 * usage: sim [--seed S] [--hours H] [--class NAME|all] [--hosts N] [--repeat] [--story]
 *   --hours   virtual hours for each class (default 1)
 *   --hosts   2 to 9 (default 4)
 *   --repeat  runs everything twice and compares the histories
 *   --story   tells everything that happens, not only what led to a violation */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

struct arguments {
    uint64_t seed;
    double hours;
    const char *program;
    const char *class;
    int hosts;
    bool repeat, story;
};

static bool parse(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.seed = 1, .hours = 1, .hosts = 4, .program = argv[0]};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--repeat") == 0) {
            arguments->repeat = true;
        } else if (strcmp(argv[i], "--story") == 0) {
            arguments->story = true;
        } else if (strcmp(argv[i], "--hosts") == 0 && more) {
            arguments->hosts = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--seed") == 0 && more) {
            arguments->seed = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--hours") == 0 && more) {
            arguments->hours = strtod(argv[++i], NULL);
        } else if (strcmp(argv[i], "--class") == 0 && more) {
            arguments->class = argv[++i];
        } else {
            return false;
        }
    }
    return arguments->hours > 0 && arguments->hosts >= 2 && arguments->hosts <= HOSTS_MAX;
}

static double percent(const struct sim_tally *tally)
{
    return tally->us > 0 ? 100.0 * (double)tally->leaderless_us / (double)tally->us : 0;
}

static void print_row(const struct sim_class *class, const struct sim_tally *classic,
                      const struct sim_tally *ours)
{
    (void)printf("%-14s %7.1f  %8lld %9.2f %%  %8lld %9.2f %%  %8lld %8lld  %016llx  %s\n",
                 class->name, (double)ours->us / 3.6e9, (long long)classic->overlaps,
                 percent(classic), (long long)ours->overlaps, percent(ours),
                 (long long)ours->reigns, (long long)ours->regressions,
                 (unsigned long long)ours->hash, class->excuse != NULL ? class->excuse : "");
    (void)fflush(stdout);
}

static bool run_class(const struct arguments *arguments, const struct sim_class *class)
{
    static struct sim classic;
    static struct sim ours;
    static struct sim again;
    struct sim_run run = {.class = class,
                          .host_count = arguments->hosts,
                          .seed = arguments->seed,
                          .length_us = (int64_t)(arguments->hours * 3.6e9)};
    run.classic = true;
    sim_run(&classic, &run);
    run.classic = false;
    run.aloud = arguments->story;
    sim_run(&ours, &run);
    run.aloud = false;
    print_row(class, &classic.tally, &ours.tally);
    if (ours.violation[0] != '\0') {
        (void)printf("\nVIOLATION: %s\nreplay: %s --seed %llu --hours %g --class %s --hosts %d\n\n",
                     ours.violation, arguments->program, (unsigned long long)arguments->seed,
                     arguments->hours, class->name, arguments->hosts);
        story_print(stdout);
        return false;
    }
    if (arguments->repeat) {
        sim_run(&again, &run);
        if (again.tally.hash != ours.tally.hash || again.tally.steps != ours.tally.steps) {
            (void)printf("\nVIOLATION: the same seed gave another history\n");
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int passed = 0;
    int failed = 0;
    if (!parse(argc, argv, &arguments)) {
        (void)fprintf(stderr, "usage: sim [--seed S] [--hours H] [--class NAME|all] [--hosts N] "
                              "[--repeat] [--story]\n");
        return 64;
    }
    (void)printf("                          SET NX PX lock              leaderd\n"
                 "class            hours  overlaps  no leader   overlaps  no leader    reigns  "
                 "tokens<  history\n");
    for (const struct sim_class *class = sim_classes; class->name != NULL; class ++) {
        if (arguments.class == NULL || strcmp(arguments.class, "all") == 0 ||
            strcmp(arguments.class, class->name) == 0) {
            bool good = run_class(&arguments, class);
            passed += good;
            failed += !good;
        }
    }
    (void)printf("sim: %d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

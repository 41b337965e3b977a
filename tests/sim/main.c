/* sim: runs the simulator, prints the table, and tells the story of a violation.
 *
 * usage: sim [--seed S] [--hours H] [--class NAME] [--repeat]
 *   --hours   virtual hours for each class (default 1)
 *   --repeat  runs everything twice and compares the histories */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

struct arguments {
    uint64_t seed;
    double hours;
    const char *class;
    bool repeat;
};

static bool parse(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.seed = 1, .hours = 1};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--repeat") == 0) {
            arguments->repeat = true;
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
    return true;
}

static double percent(const struct sim_tally *tally)
{
    return tally->us > 0 ? 100.0 * (double)tally->leaderless_us / (double)tally->us : 0;
}

static void print_row(const struct sim_class *class, const struct sim_tally *classic,
                      const struct sim_tally *ours)
{
    (void)printf("%-14s %7.1f  %8lld %9.2f %%  %8lld %9.2f %%  %8lld %8lld  %016llx%s\n",
                 class->name, (double)ours->us / 3.6e9, (long long)classic->overlaps,
                 percent(classic), (long long)ours->overlaps, percent(ours),
                 (long long)ours->reigns, (long long)ours->regressions,
                 (unsigned long long)ours->hash, class->beyond ? "  beyond the promise" : "");
    (void)fflush(stdout);
}

static bool run_class(const struct arguments *arguments, const struct sim_class *class)
{
    static struct sim classic;
    static struct sim ours;
    static struct sim again;
    int64_t length_us = (int64_t)(arguments->hours * 3.6e9);
    sim_run(&classic, class, true, arguments->seed, length_us);
    sim_run(&ours, class, false, arguments->seed, length_us);
    print_row(class, &classic.tally, &ours.tally);
    if (ours.violation[0] != '\0') {
        (void)printf("\nVIOLATION: %s\nreplay: sim --seed %llu --hours %g --class %s\n\n",
                     ours.violation, (unsigned long long)arguments->seed, arguments->hours,
                     class->name);
        story_print(stdout);
        return false;
    }
    if (arguments->repeat) {
        sim_run(&again, class, false, arguments->seed, length_us);
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
        (void)fprintf(stderr, "usage: sim [--seed S] [--hours H] [--class NAME] [--repeat]\n");
        return 64;
    }
    (void)printf("                          SET NX PX lock              leaderd\n"
                 "class            hours  overlaps  no leader   overlaps  no leader    reigns  "
                 "tokens<  history\n");
    for (const struct sim_class *class = sim_classes; class->name != NULL; class ++) {
        if (arguments.class == NULL || strcmp(arguments.class, class->name) == 0) {
            bool good = run_class(&arguments, class);
            passed += good;
            failed += !good;
        }
    }
    (void)printf("sim: %d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "daemon/cli.h"

#include "lib/base/timetext.h"

#include <assert.h>
#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What getopt_long() returns for option number 0; above every character. */
enum { FIRST_OPTION = 256, HELP_OPTION = 255 };

/* One line, whatever it quotes: control characters would fool a terminal or a log. */
static void print_message(const char *format, va_list arguments, const char *end)
{
    char message[CLI_MESSAGE_SIZE];
    (void)vsnprintf(message, sizeof message, format, arguments);
    for (char *c = message; *c != '\0'; c++) {
        *c = iscntrl((unsigned char)*c) ? '?' : *c;
    }
    (void)fprintf(stderr, "leaderd: %s%s", message, end);
}

int cli_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments, "\n");
    va_end(arguments);
    return code;
}

int cli_no_memory(void)
{
    return cli_fail(CLI_INTERNAL, "out of memory");
}

int cli_usage(const struct cli_command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments, "");
    (void)fprintf(stderr, "; see `leaderd %s --help`\n", command->name);
    va_end(arguments);
    return CLI_USAGE;
}

int cli_duration(const struct cli_command *command, const char *name, const char *text, int64_t *ms)
{
    if (text != NULL && !duration_parse(text, true, ms)) {
        return cli_usage(command, "--%s wants a duration such as 500ms, 30s or 5m, not '%s'", name,
                         text);
    }
    return 0;
}

static void print_option(const char *name, const char *argument, const char *help)
{
    char left[40];
    (void)snprintf(left, sizeof left, "--%s%s%s", name, argument != NULL ? " " : "",
                   argument != NULL ? argument : "");
    printf("  %-22s %s\n", left, help);
}

/* Prints the exit codes in order: those of the command, and between them 64 and 70, which every
 * command has. */
static void print_exits(const char *exits)
{
    static const struct {
        int code;
        const char *line;
    } common[] = {{CLI_USAGE, "  64  wrong usage\n"}, {CLI_INTERNAL, "  70  internal error\n"}};
    size_t next = 0;
    while (*exits != '\0' || next < 2) {
        if (next < 2 && (*exits == '\0' || strtol(exits, NULL, 10) > common[next].code)) {
            (void)fputs(common[next++].line, stdout);
        } else {
            size_t length = strcspn(exits, "\n");
            printf("%.*s\n", (int)length, exits);
            exits += length + (exits[length] == '\n' ? 1 : 0);
        }
    }
}

static void print_help(const struct cli_command *command, const struct cli_option *options)
{
    printf("Usage: leaderd %s%s%s\n\n%s\n", command->name, command->synopsis[0] != '\0' ? " " : "",
           command->synopsis, command->what);
    printf("Options:\n");
    for (const struct cli_option *option = options; option->name != NULL; option++) {
        print_option(option->name, option->argument, option->help);
    }
    print_option("help", NULL, "print this");
    printf("\nExamples:\n%s\nExit codes:\n", command->examples);
    print_exits(command->exits);
}

/* Keeps what was given for one option. */
static bool take(const struct cli_option *option, const char *argument)
{
    if (option->flag != NULL) {
        *option->flag = true;
    } else if (option->value != NULL) {
        *option->value = argument;
    } else if (option->list->count == CLI_LIST_MAX) {
        return false;
    } else {
        option->list->items[option->list->count++] = argument;
    }
    return true;
}

static void describe(const struct cli_option *options, struct option *long_options)
{
    int count = 0;
    for (; options[count].name != NULL; count++) {
        assert(count < CLI_OPTIONS_MAX);
        long_options[count] = (struct option){.name = options[count].name,
                                              .has_arg = options[count].argument != NULL,
                                              .val = FIRST_OPTION + count};
    }
    long_options[count++] = (struct option){.name = "help", .val = HELP_OPTION};
    long_options[count] = (struct option){0};
}

static int option_error(const struct cli_command *command, char **argv, int found)
{
    const char *given = argv[optind - 1];
    if (found == ':') {
        return cli_usage(command, "option '%s' wants a value", given);
    }
    if (optopt >= HELP_OPTION) {
        return cli_usage(command, "option '%s' takes no value", given);
    }
    if (optopt != 0) {
        return cli_usage(command, "unknown option '-%c'", optopt);
    }
    return cli_usage(command, "unknown option '%s'", given);
}

bool cli_parse(const struct cli_command *command, const struct cli_option *options, int argc,
               char **argv, int *first, int *exit_code)
{
    struct option long_options[CLI_OPTIONS_MAX + 2];
    describe(options, long_options);
    opterr = 0;
    optind = 1;
    int found;
    while ((found = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (found == HELP_OPTION || found == 'h') {
            print_help(command, options);
            *exit_code = CLI_YES;
            return false;
        }
        if (found < FIRST_OPTION) {
            *exit_code = option_error(command, argv, found);
            return false;
        }
        if (!take(&options[found - FIRST_OPTION], optarg)) {
            *exit_code = cli_usage(command, "--%s was given more than %d times",
                                   options[found - FIRST_OPTION].name, CLI_LIST_MAX);
            return false;
        }
    }
    *first = optind;
    if (argc - optind > command->operands_max) {
        *exit_code =
            cli_usage(command, "unexpected argument '%s'", argv[optind + command->operands_max]);
        return false;
    }
    return true;
}

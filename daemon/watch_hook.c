#include "daemon/watch_hook.h"

#include "daemon/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void export_text(const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    if (setenv(name, text != NULL ? text : "", 1) != 0) {
        (void)unsetenv(name);
    }
}

static void export_number(const char *name, const json_t *value)
{
    char digits[24] = "";
    if (json_is_integer(value)) {
        (void)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    }
    if (setenv(name, digits, 1) != 0) {
        (void)unsetenv(name);
    }
}

static void export_election(const json_t *election)
{
    const json_t *leader = json_object_get(election, "leader");
    const json_t *previous = json_object_get(election, "previous_leader");
    const json_t *lease = json_object_get(election, "lease");
    bool leads = json_is_true(json_object_get(election, "is_leader"));
    export_text("LEADERD_ELECTION", json_object_get(election, "name"));
    export_text("LEADERD_STATE", json_object_get(election, "state"));
    export_text("LEADERD_LEADER", json_object_get(leader, "participant_id"));
    export_text("LEADERD_PREVIOUS_LEADER", json_object_get(previous, "participant_id"));
    export_number("LEADERD_FENCING_TOKEN", json_object_get(election, "fencing_token"));
    export_number("LEADERD_DEADLINE_BOOTTIME_MS", json_object_get(lease, "deadline_boottime_ms"));
    if (setenv("LEADERD_IS_LEADER", leads ? "true" : "false", 1) != 0) {
        (void)unsetenv("LEADERD_IS_LEADER");
    }
}

static void tell_end(const char *name, int status)
{
    if (WIFSIGNALED(status)) {
        (void)cli_fail(0, "%s was ended by signal %d", name, WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        (void)cli_fail(0, "%s ended with status %d", name, WEXITSTATUS(status));
    }
}

void watch_hook_run(char *const *command, const json_t *election)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        (void)cli_fail(0, "cannot run %s: %s", command[0], strerror(errno));
        return;
    }
    if (child == 0) {
        export_election(election);
        (void)execvp(command[0], command);
        int code = errno == ENOENT ? 127 : 126;
        _exit(cli_fail(code, "cannot run %s: %s", command[0], strerror(errno)));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            (void)cli_fail(0, "cannot wait for %s: %s", command[0], strerror(errno));
            return;
        }
    }
    tell_end(command[0], status);
}

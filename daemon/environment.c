#include "daemon/environment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void environment_init(struct environment *environment)
{
    size_t inherited = 0;
    while (environ != NULL && environ[inherited] != NULL) {
        inherited++;
    }
    *environment = (struct environment){
        .variables = calloc(inherited + ENVIRONMENT_OWN_MAX + 1, sizeof(char *))};
    environment->failed = environment->variables == NULL;
    if (!environment->failed && inherited > 0) {
        memcpy(environment->variables, environ, inherited * sizeof(char *));
        environment->count = inherited;
    }
}

void environment_free(struct environment *environment)
{
    for (size_t i = 0; i < environment->own_count; i++) {
        free(environment->variables[i]);
    }
    free(environment->variables);
    *environment = (struct environment){0};
}

static bool is_of(const char *variable, const char *name)
{
    size_t length = strlen(name);
    return strncmp(variable, name, length) == 0 && variable[length] == '=';
}

/* The last one's place is taken by the one that makes room for ours. */
static void drop_inherited(struct environment *environment, const char *name)
{
    for (size_t i = environment->count; i > environment->own_count; i--) {
        if (is_of(environment->variables[i - 1], name)) {
            environment->variables[i - 1] = environment->variables[--environment->count];
            environment->variables[environment->count] = NULL;
        }
    }
}

void environment_drop_service(struct environment *environment)
{
    static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
                                        "LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        drop_inherited(environment, names[i]);
    }
}

void environment_set(struct environment *environment, const char *name, const char *value)
{
    char *variable = NULL;
    if (environment->failed || environment->own_count == ENVIRONMENT_OWN_MAX ||
        asprintf(&variable, "%s=%s", name, value != NULL ? value : "") < 0) {
        environment->failed = true;
        return;
    }
    drop_inherited(environment, name);
    environment->variables[environment->count++] =
        environment->variables[environment->own_count]; /* itself, when nothing is inherited */
    environment->variables[environment->own_count++] = variable;
}

void environment_set_number(struct environment *environment, const char *name, int64_t number)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRId64, number);
    environment_set(environment, name, digits);
}

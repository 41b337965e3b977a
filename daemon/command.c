#include "daemon/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command {
    struct command_listener listener;
    uv_process_t process;
    uv_timer_t limit;
    uv_poll_t poll;
    int fd; /* to read from; -1: closed */
    bool polling, running, cancelled;
    int open_handles;
    struct command_end outcome;
    char line[COMMAND_LINE_MAX + 1];
    size_t length;
    unsigned lines;
};

char **command_copy(char *const *command)
{
    size_t count = 0;
    size_t bytes = 0;
    for (; command[count] != NULL; count++) {
        bytes += strlen(command[count]) + 1;
    }
    char **copy = calloc(1, (count + 1) * sizeof *copy + bytes);
    char *at = copy != NULL ? (char *)(copy + count + 1) : NULL;
    for (size_t i = 0; copy != NULL && i < count; i++) {
        size_t size = strlen(command[i]) + 1;
        copy[i] = memcpy(at, command[i], size);
        at += size;
    }
    return copy;
}

static void on_closed(uv_handle_t *handle)
{
    struct command *command = handle->data;
    if (--command->open_handles == 0) {
        free(command);
    }
}

static void close_handle(struct command *command, uv_handle_t *handle)
{
    handle->data = command;
    uv_close(handle, on_closed);
}

/* Tells what was read of a line, and begins the next. */
static void tell_line(struct command *command)
{
    command->line[command->length] = '\0';
    command->length = 0;
    if (command->listener.line == NULL || command->cancelled) {
        return;
    }
    command->lines++;
    if (command->lines <= COMMAND_LINES_MAX) {
        command->listener.line(command->listener.owner, command->line);
    } else if (command->lines == COMMAND_LINES_MAX + 1) {
        command->listener.line(command->listener.owner, "(more output is not shown)");
    }
}

static void take_bytes(struct command *command, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n' || command->length == COMMAND_LINE_MAX) {
            tell_line(command);
        }
        if (bytes[i] != '\n') {
            command->line[command->length++] = bytes[i];
        }
    }
}

/* What a program that is fast enough could keep us busy with in one turn of the loop is bounded. */
static ssize_t read_some(struct command *command)
{
    char bytes[4096];
    ssize_t got = read(command->fd, bytes, sizeof bytes);
    if (got > 0) {
        take_bytes(command, bytes, (size_t)got);
    }
    return got;
}

static void stop_reading(struct command *command)
{
    if (command->polling) {
        command->polling = false;
        (void)uv_poll_stop(&command->poll);
        close_handle(command, (uv_handle_t *)&command->poll);
    }
    if (command->fd >= 0) {
        (void)close(command->fd);
        command->fd = -1;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct command *command = poll->data;
    (void)events;
    ssize_t got = status < 0 ? 0 : read_some(command);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        stop_reading(command);
    }
}

/* Also the output of a program that has ended: up to a pipe's content is waiting. */
static void read_rest(struct command *command)
{
    for (int i = 0; i < 32 && command->fd >= 0 && read_some(command) > 0; i++) {
    }
    if (command->length > 0) {
        tell_line(command);
    }
    stop_reading(command);
}

static void finish(struct command *command)
{
    read_rest(command);
    if (!command->cancelled) {
        command->listener.end(command->listener.owner, &command->outcome);
    }
    close_handle(command, (uv_handle_t *)&command->limit);
}

static void on_process_end(uv_process_t *process, int64_t status, int number)
{
    struct command *command = process->data;
    struct command_end *outcome = &command->outcome;
    command->running = false;
    outcome->good = status == 0 && number == 0 && !outcome->timed_out;
    if (outcome->timed_out) {
        (void)problem_set(&outcome->problem, "took longer than its timeout, and was killed");
    } else if (number != 0) {
        (void)problem_set(&outcome->problem, "was ended by signal %d", number);
    } else if (status != 0) {
        (void)problem_set(&outcome->problem, "exited with %lld", (long long)status);
    }
    close_handle(command, (uv_handle_t *)process);
    finish(command);
}

static void kill_group(struct command *command)
{
    if (command->running) {
        (void)kill(-command->process.pid, SIGKILL);
    }
}

static void on_limit(uv_timer_t *timer)
{
    struct command *command = timer->data;
    if (command->running) {
        command->outcome.timed_out = true;
        kill_group(command);
    } else {
        finish(command); /* it could not be started */
    }
}

/* Our end of the pipe; the other one in `theirs`. */
static int open_pipe(struct command *command, uv_loop_t *loop, int *theirs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -errno;
    }
    *theirs = ends[1];
    command->fd = ends[0];
    (void)fcntl(command->fd, F_SETFL, O_NONBLOCK);
    int error = uv_poll_init(loop, &command->poll, command->fd);
    if (error == 0) {
        command->open_handles++;
        command->polling = true;
        command->poll.data = command;
        error = uv_poll_start(&command->poll, UV_READABLE, on_readable);
    }
    return error;
}

static int spawn(struct command *command, uv_loop_t *loop, const struct command_options *options)
{
    int theirs = -1;
    int error = open_pipe(command, loop, &theirs);
    if (error == 0) {
        uv_stdio_container_t files[] = {
            {.flags = UV_IGNORE},
            {.flags = UV_INHERIT_FD, .data.fd = theirs},
            {.flags = UV_INHERIT_FD, .data.fd = theirs},
        };
        uv_process_options_t how = {.exit_cb = on_process_end,
                                    .file = options->command[0],
                                    .args = (char **)(uintptr_t)options->command,
                                    .env = (char **)(uintptr_t)options->environment,
                                    .flags = UV_PROCESS_DETACHED,
                                    .stdio_count = 3,
                                    .stdio = files};
        error = uv_spawn(loop, &command->process, &how);
        command->open_handles++;
        command->running = error == 0;
        if (error != 0) {
            close_handle(command, (uv_handle_t *)&command->process);
        }
    }
    if (theirs >= 0) {
        (void)close(theirs);
    }
    return error;
}

struct command *command_start(uv_loop_t *loop, const struct command_options *options,
                              const struct command_listener *listener)
{
    struct command *command = calloc(1, sizeof *command);
    if (command == NULL) {
        return NULL;
    }
    command->listener = *listener;
    command->fd = -1;
    command->open_handles = 1;
    command->process.data = command;
    (void)uv_timer_init(loop, &command->limit);
    command->limit.data = command;
    int error = spawn(command, loop, options);
    if (error != 0) {
        (void)problem_set(&command->outcome.problem, "cannot be run: %s", uv_strerror(error));
    }
    uint64_t limit_ms = error == 0 ? (uint64_t)options->timeout_ms : 0;
    (void)uv_timer_start(&command->limit, on_limit, limit_ms, 0);
    return command;
}

void command_cancel(struct command *command)
{
    if (command == NULL) {
        return;
    }
    command->cancelled = true;
    if (command->running) {
        kill_group(command); /* its end frees it */
    } else {
        finish(command);
    }
}

#include "daemon/cli_client.h"
#include "daemon/commands.h"
#include "daemon/watch_hook.h"
#include "lib/base/moment.h"
#include "lib/status/add.h"
#include "lib/status/json_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct cli_command watch_command = {
    .name = "watch",
    .synopsis =
        "[ELECTION] [--json] [--until leader|follower|changed] [--timeout D] [--exec CMD...]",
    .what = "Prints a line for the present state, and one for each change from then on. It ends\n"
            "when the daemon goes away. `--exec` comes last: the rest of the line is a command\n"
            "that is run for each line printed, with LEADERD_ELECTION, LEADERD_STATE,\n"
            "LEADERD_IS_LEADER, LEADERD_LEADER, LEADERD_PREVIOUS_LEADER, LEADERD_FENCING_TOKEN\n"
            "and LEADERD_DEADLINE_BOOTTIME_MS in its environment.\n",
    .examples = "  leaderd watch billing --until leader --timeout 1m && ./start\n"
                "  leaderd watch billing --exec ./on-change --verbose\n",
    .exits = "  0   what --until waits for has come\n"
             "  1   --timeout is over, or there is no such election\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

enum { POLL_MS = 30000 };

enum until { UNTIL_NEVER = 1, UNTIL_LEADER, UNTIL_FOLLOWER, UNTIL_CHANGED };

struct watch {
    struct client client;
    struct cli_place place;
    const char *election; /* NULL: all */
    bool json;
    const char *until_word, *timeout;
    enum until until;
    int64_t end_at_ms; /* 0: never */
    char **hook;       /* NULL: none */
    char *cursor;      /* of the last answer; NULL before the first */
    bool failed;       /* something could not be shown: short of memory */
    json_t *shown;     /* what was last shown of each election, by name */
};

/* What makes a line worth printing, as one string: the significant members of an election. */
static void add_essence(struct text *text, const json_t *election)
{
    const json_t *leader = json_object_get(election, "leader");
    json_t *parts = json_pack(
        "[O?O?O?O?O?O?O?O?]", json_object_get(election, "state"),
        json_object_get(election, "is_leader"), json_object_get(election, "fencing_token"),
        json_object_get(leader, "participant_id"), json_object_get(leader, "instance_id"),
        json_object_get(leader, "metadata"),
        json_object_get(json_object_get(election, "lease"), "valid"),
        json_object_get(json_object_get(election, "stability"), "is_stable"));
    json_add(text, parts, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(parts);
}

static bool print_line(const json_t *election, const char *at)
{
    const json_t *leader = json_object_get(election, "leader");
    const json_t *token = json_object_get(election, "fencing_token");
    struct text line = {0};
    add_plain(&line, at);
    text_add(&line, " ");
    add_plain(&line, json_string_value(json_object_get(election, "name")));
    text_add(&line, json_is_true(json_object_get(election, "is_leader"))
                        ? ": is_leader=true state="
                        : ": is_leader=false state=");
    add_plain(&line, json_string_value(json_object_get(election, "state")));
    text_add(&line, " leader=");
    add_plain(&line, json_string_value(json_object_get(leader, "participant_id")));
    if (json_is_integer(token)) {
        text_add(&line, " token=");
        text_add_integer(&line, json_integer_value(token));
    }
    bool whole = !line.failed;
    (void)(whole ? puts(line.bytes) : 0);
    text_free(&line);
    return whole;
}

static bool print_json(const json_t *election)
{
    bool whole =
        json_dumpf(election, stdout, JSON_COMPACT) == 0 || ferror(stdout); /* main() tells */
    (void)(whole ? putchar('\n') : 0);
    return whole;
}

/* Shows one election if anything about it has changed since it was last shown. */
static bool show(struct watch *watch, const char *name, const json_t *election, const char *at)
{
    struct text now = {0};
    add_essence(&now, election);
    const char *before = json_string_value(json_object_get(watch->shown, name));
    bool news = !now.failed && before != NULL && strcmp(before, now.bytes) != 0;
    if (!now.failed && (news || before == NULL)) {
        bool whole = watch->json ? print_json(election) : print_line(election, at);
        watch->failed = watch->failed || !whole;
        if (watch->hook != NULL) {
            watch_hook_run(watch->hook, election);
        }
        (void)json_object_set_new(watch->shown, name, json_string(now.bytes));
    }
    watch->failed = watch->failed || now.failed;
    text_free(&now);
    return news;
}

static bool is_reached(enum until until, const json_t *election, bool news)
{
    bool leads = json_is_true(json_object_get(election, "is_leader"));
    switch (until) {
    case UNTIL_NEVER:
        return false;
    case UNTIL_LEADER:
        return leads;
    case UNTIL_FOLLOWER:
        return !leads && json_is_true(json_object_get(election, "participating")) &&
               json_is_object(json_object_get(election, "leader"));
    case UNTIL_CHANGED:
        return news;
    }
    return false;
}

/* Shows what is new in a whole document. Returns true when the watch has reached its end. */
static bool show_document(struct watch *watch, json_t *root)
{
    const char *at = json_string_value(json_object_get(root, "generated_at"));
    bool reached = false;
    const char *name;
    json_t *election;
    json_object_foreach(json_object_get(root, "elections"), name, election)
    {
        bool news = show(watch, name, election, at != NULL ? at : "-");
        reached = is_reached(watch->until, election, news) || reached;
    }
    (void)fflush(stdout);
    return reached;
}

static void add_query(const struct watch *watch, struct text *path, int64_t wait_ms)
{
    text_addf(path, "/watch?timeout=%lldms", (long long)wait_ms);
    if (watch->election != NULL) {
        text_add(path, "&election=");
        cli_add_escaped(path, watch->election);
    }
    if (watch->cursor != NULL) {
        text_add(path, "&since=");
        cli_add_escaped(path, watch->cursor);
    }
}

/* Keeps the cursor for the next poll, and shows the document. */
static int take_document(struct watch *watch, const struct http_answer *answer, bool *reached)
{
    json_t *root = cli_json(answer);
    const char *cursor = json_string_value(json_object_get(root, "cursor"));
    free(watch->cursor);
    watch->cursor = cursor != NULL ? strdup(cursor) : NULL;
    int code = CLI_YES;
    if (watch->cursor == NULL) {
        code = root == NULL ? CLI_INTERNAL
                            : cli_fail(CLI_INTERNAL, "the daemon's answer has no cursor");
    }
    if (code == 0 && watch->until != UNTIL_NEVER &&
        json_object_size(json_object_get(root, "elections")) != 1) {
        code = cli_usage(&watch_command, "--until is about one election: name it");
    }
    if (code == 0) {
        *reached = show_document(watch, root);
        code = watch->failed ? cli_no_memory() : CLI_YES;
    }
    json_decref(root);
    return code;
}

static int poll_once(struct watch *watch, int64_t wait_ms, bool *reached)
{
    struct text path = {0};
    struct http_answer answer = {0};
    add_query(watch, &path, wait_ms);
    struct client_request request = {
        .method = "GET", .path = path.bytes, .timeout_ms = wait_ms + CLI_CALL_MS};
    int code = path.failed ? cli_no_memory() : cli_call(&watch->client, &request, &answer);
    if (code == 0) {
        code = answer.status == 200 ? take_document(watch, &answer, reached) : cli_problem(&answer);
    }
    http_answer_free(&answer);
    text_free(&path);
    return code;
}

static int watch_loop(struct watch *watch)
{
    bool reached = false;
    int code = CLI_YES;
    while (code == 0 && !reached) {
        int64_t left = POLL_MS;
        if (watch->end_at_ms != 0) {
            left = watch->end_at_ms - boottime_us() / 1000;
            if (left <= 0 && watch->cursor != NULL) {
                return cli_fail(CLI_NO, "the time is over");
            }
            left = left < 1 ? 1 : left;
            left = left > POLL_MS ? POLL_MS : left;
        }
        code = poll_once(watch, left, &reached);
    }
    return code;
}

static int check(struct watch *watch)
{
    static const char *const words[] = {
        [UNTIL_LEADER] = "leader", [UNTIL_FOLLOWER] = "follower", [UNTIL_CHANGED] = "changed"};
    watch->until = UNTIL_NEVER;
    if (watch->until_word != NULL) {
        int until = UNTIL_LEADER;
        while (until <= UNTIL_CHANGED && strcmp(words[until], watch->until_word) != 0) {
            until++;
        }
        if (until > UNTIL_CHANGED) {
            return cli_usage(&watch_command, "--until is leader, follower or changed, not '%s'",
                             watch->until_word);
        }
        watch->until = (enum until)until;
    }
    int64_t timeout_ms = 0;
    int code = cli_duration(&watch_command, "timeout", watch->timeout, &timeout_ms);
    if (code == 0 && watch->timeout != NULL) {
        watch->end_at_ms = boottime_us() / 1000 + timeout_ms;
    }
    return code;
}

/* Everything after --exec belongs to the command: cuts it off. */
static int split_hook(struct watch *watch, int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--exec") == 0) {
            if (i + 1 == *argc) {
                return cli_usage(&watch_command, "--exec wants a command");
            }
            watch->hook = argv + i + 1;
            *argc = i;
        }
    }
    return CLI_YES;
}

int cmd_watch(int argc, char **argv)
{
    struct watch watch = {0};
    const char *joined = NULL;
    const struct cli_option table[] = {
        {.name = "json", .help = "print election objects as JSON", .flag = &watch.json},
        {.name = "until",
         .argument = "WHAT",
         .help = "end at leader, follower or changed",
         .value = &watch.until_word},
        {.name = "timeout",
         .argument = "D",
         .help = "end after this time with exit code 1",
         .value = &watch.timeout},
        {.name = "exec",
         .argument = "CMD...",
         .help = "run a command for each line; must come last",
         .value = &joined},
        CLI_CLIENT_OPTIONS(watch.place),
        {0},
    };
    int first = 0;
    int parsed = CLI_INTERNAL;
    int code = split_hook(&watch, &argc, argv);
    if (code != 0) {
        return code;
    }
    if (!cli_parse(&watch_command, table, argc, argv, &first, &parsed)) {
        return parsed;
    }
    if (joined != NULL) {
        return cli_usage(&watch_command, "write --exec as a word of its own, and last");
    }
    watch.election = first < argc ? argv[first] : NULL;
    code = check(&watch);
    if (code != 0) {
        return code;
    }
    watch.shown = json_object();
    code = cli_open(&watch.client, &watch.place);
    code = code == 0 && watch.shown == NULL ? cli_no_memory() : code;
    code = code == 0 ? watch_loop(&watch) : code;
    json_decref(watch.shown);
    free(watch.cursor);
    client_free(&watch.client);
    return code;
}

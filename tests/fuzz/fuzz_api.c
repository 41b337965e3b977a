/* Requests of any shape at a whole HTTP interface: libmicrohttpd, the rules, the paths, and one
 * election that is led.
 *
 * The first byte says what the rest is: a connection's bytes, in one piece or in several; or, as a
 * query that is encoded well, the cursor or the time-out of /watch. */
#include "daemon/api.h"
#include "daemon/cli_client.h"
#include "daemon/log.h"
#include "daemon/pending.h"
#include "daemon/watch.h"
#include "lib/base/moment.h"
#include "lib/base/timetext.h"
#include "lib/store/memory/memory_store.h"
#include "tests/fuzz/clock.h"
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum input { INPUT_BYTES, INPUT_PIECES, INPUT_CURSOR, INPUT_TIMEOUT, INPUTS };
enum { VALUE_MAX = 600 /* with each byte as %XX it fits a request line */ };
enum { TURNS_MAX = 100, TURN_MS = 100, QUIET_TURNS = 12, PATIENT_TURNS = 40, LEAD_TURNS = 100 };

static const char yaml[] = "participant_id: p\n"
                           "elections: [{name: e, profile: fast}]\n"
                           "http: {token_file: /t, listeners: [{address: '127.0.0.1:0', role: "
                           "control}]}\n";

static struct app app;

static void on_up(void *owner, const char *endpoint)
{
    (void)owner;
    (void)endpoint;
    app.store_up = true;
    (void)election_feed(app.elections[0], &(struct elector_event){.kind = ELECTOR_STORE_UP});
}

static void turn(void)
{
    (void)uv_run(app.loop, UV_RUN_NOWAIT);
}

static bool leads(void)
{
    struct elector_view view;
    election_look(app.elections[0], moment_now(), &view);
    return view.leads;
}

static bool wait_to_lead(void)
{
    for (int i = 0; i < LEAD_TURNS && !leads(); i++) {
        clock_pass_ms(TURN_MS);
        turn();
    }
    return leads();
}

static void add_election(void)
{
    struct election *election = app_add_election(&app, &app.loaded.config->elections[0]);
    assert(election != NULL);
    election_start(election);
}

/* As it should be when the next request comes. A pause is ended; a hold-off may be of years, and
 * cannot: then the participant begins anew. */
static void lead(void)
{
    if (leads()) {
        return;
    }
    (void)election_feed(app.elections[0], &(struct elector_event){.kind = ELECTOR_RESUME});
    if (wait_to_lead()) {
        return;
    }
    (void)election_feed(app.elections[0],
                        &(struct elector_event){.kind = ELECTOR_STOP, .reason = ELECTOR_SHUTDOWN});
    for (int i = 0; i < LEAD_TURNS && app.election_count > 0; i++) {
        clock_pass_ms(TURN_MS);
        turn();
    }
    assert(app.election_count == 0);
    add_election();
    bool led = wait_to_lead();
    assert(led);
}

static void begin(void)
{
    struct problem problem;
    struct config_issues issues = {0};
    const struct config_source source = {.file = "fuzz.yaml",
                                         .bytes = yaml,
                                         .length = sizeof yaml - 1,
                                         .hostname = "host",
                                         .runtime_dir = "/nonexistent"};
    const struct store_listener listener = {.up = on_up};
    log_open((enum log_level)(LOG_LEVEL_ERROR + 1), LOG_FORMAT_TEXT); /* nothing */
    (void)signal(SIGPIPE, SIG_IGN);
    app.loop = uv_default_loop();
    app.loaded.config = config_load(&source, &issues);
    app.loaded.http_token = strdup("t");
    (void)snprintf(app.runtime_dir, sizeof app.runtime_dir, "/nonexistent");
    (void)snprintf(app.instance_id, sizeof app.instance_id, "0123456789abcdef");
    app.settings.runtime_dir = app.runtime_dir;
    app.settings.file = "/dev/null";
    app.events = events_new();
    app.watches = watch_list_new(&app);
    app.pendings = pending_list_new(&app);
    app.http = api_open(&app, &problem);
    app.store = memory_store_new(app.loop, &listener, &problem);
    assert(app.http != NULL && app.store != NULL);
    add_election();
    lead();
}

/* Each time from another address of this host, and to be ended by a reset, or ports would run out:
 * an orderly end keeps them for a minute. */
static int dial(void)
{
    static uint32_t count;
    const int on = 1;
    const struct linger at_once = {.l_onoff = 1};
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + count % 65536),
                               .sin_port = htons((uint16_t)(20000 + count / 65536 % 10000))};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons((uint16_t)http_server_port(app.http, 0))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    count++;
    assert(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    assert(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    assert(bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
    assert(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

/* Takes what has come. False at the end of the connection. */
static bool listen_to(int fd, struct text *answer)
{
    char bytes[16384];
    ssize_t length = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length > 0) {
        text_add_bytes(answer, bytes, (size_t)length);
    }
    return length > 0 || (length < 0 && errno == EAGAIN);
}

/* Waits for the answer until nothing comes any more; a stream need not have an end. */
static void wait_for_answer(int fd, int turns, struct text *answer)
{
    bool open = true;
    for (int quiet = 0, all = 0; open && quiet < turns && all < TURNS_MAX; quiet++, all++) {
        size_t before = answer->length;
        turn();
        open = listen_to(fd, answer);
        if (answer->length > before) {
            quiet = 0;
        } else if (quiet > 2) {
            clock_pass_ms(TURN_MS);
        }
    }
}

/* The connection and all that waits on it are gone afterwards. */
static void hang_up(int fd)
{
    struct http_numbers numbers;
    close(fd);
    for (int i = 0; i < 4; i++) {
        turn();
    }
    http_server_numbers(app.http, &numbers);
    assert(numbers.connections == 0 && numbers.watchers == 0);
}

static void ask(const char *bytes, size_t length, size_t piece, int turns, struct text *answer)
{
    int fd = dial();
    for (size_t at = 0; at < length; at += piece) {
        size_t size = length - at < piece ? length - at : piece;
        ssize_t sent = send(fd, bytes + at, size, MSG_DONTWAIT);
        turn();
        if (sent < 0 || !listen_to(fd, answer)) {
            break;
        }
    }
    wait_for_answer(fd, turns, answer);
    hang_up(fd);
}

/* Whatever was asked, what comes back is HTTP. */
static void send_bytes(const char *bytes, size_t length, size_t piece)
{
    struct text answer = {0};
    ask(bytes, length, piece, QUIET_TURNS, &answer);
    if (answer.length > 0) {
        bool known = strncmp(answer.bytes, "HTTP/1.", 7) == 0;
        int status = known && answer.length > 12 ? atoi(answer.bytes + 9) : 0;
        assert(known && status >= 100 && status <= 599);
        assert(status != 500);
    }
    text_free(&answer);
}

/* Asks /watch for what `name` with this value gives. NULL: it was refused as 400. */
static json_t *watch(const char *name, const char *value, const char *more)
{
    struct text request = {0}, answer = {0};
    text_addf(&request, "GET /watch?%s=", name);
    cli_add_escaped(&request, value);
    text_addf(&request,
              "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
              "Authorization: Bearer t\r\n\r\n",
              more);
    ask(request.bytes, request.length, request.length, PATIENT_TURNS, &answer);
    text_free(&request);
    assert(answer.length > 12);
    int status = atoi(answer.bytes + 9);
    const char *body = strstr(answer.bytes, "\r\n\r\n");
    assert(body != NULL && (status == 200 || status == 400));
    json_t *root = json_loads(body + 4, 0, NULL);
    assert(json_is_object(root));
    if (status != 200) {
        json_decref(root);
        root = NULL;
    }
    text_free(&answer);
    return root;
}

/* 16 hexadecimal digits, a dot, 1 to 18 digits. */
static bool is_cursor(const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t digits = strlen(text) > 17 ? strlen(text) - 17 : 0;
    bool good = digits >= 1 && digits <= 18 && text[16] == '.';
    for (size_t i = 0; good && text[i] != '\0'; i++) {
        const char *known = memchr(hex, text[i], i < 16 ? 16 : 10);
        good = i == 16 || known != NULL;
    }
    return good;
}

static void try_cursor(const char *cursor)
{
    uint64_t version = app.version;
    json_t *root = watch("since", cursor, "&timeout=0");
    assert((root != NULL) == is_cursor(cursor));
    if (root == NULL) {
        return;
    }
    uint64_t seen = strtoull(cursor + 17, NULL, 10);
    bool ours = strncmp(cursor, app.instance_id, 16) == 0 && seen <= version;
    bool reset = json_is_true(json_object_get(root, "reset"));
    bool changed = json_is_true(json_object_get(root, "changed"));
    assert(app.version != version || reset == !ours);
    assert(app.version != version || changed == (!ours || seen < version));
    const char *next = json_string_value(json_object_get(root, "cursor"));
    assert(next != NULL && is_cursor(next));
    json_t *again = watch("since", next, "&timeout=0");
    assert(again != NULL && json_is_false(json_object_get(again, "reset")));
    json_decref(again);
    json_decref(root);
}

static void try_timeout(const char *timeout)
{
    int64_t ms = 0;
    char more[64];
    bool good = duration_parse(timeout, true, &ms) && ms <= 300000;
    (void)snprintf(more, sizeof more, "&since=%s.%" PRIu64, app.instance_id, app.version);
    json_t *root = watch("timeout", timeout, more);
    assert((root != NULL) == good);
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (app.loop == NULL) {
        begin();
    }
    if (size == 0) {
        return 0;
    }
    char *text = strndup((const char *)data + 1, size - 1 < VALUE_MAX ? size - 1 : VALUE_MAX);
    switch ((enum input)(data[0] % INPUTS)) {
    case INPUT_BYTES:
        send_bytes((const char *)data + 1, size - 1, size);
        break;
    case INPUT_PIECES:
        send_bytes((const char *)data + 1, size - 1, 1 + size / 5);
        break;
    case INPUT_CURSOR:
        try_cursor(text);
        break;
    case INPUT_TIMEOUT:
        try_timeout(text);
        break;
    case INPUTS:
        break;
    }
    free(text);
    lead();
    return 0;
}

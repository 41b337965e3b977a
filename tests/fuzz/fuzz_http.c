/* The pure rules about what HTTP clients send, and answers of daemons as our own client reads them.
 * Whole requests are fuzz_api.c's. */
#include "daemon/http_answer.h"
#include "lib/http/rules.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct http_answer read_answer(const char *bytes, size_t length, size_t piece)
{
    struct http_answer answer;
    http_answer_init(&answer);
    for (size_t at = 0; at < length; at += piece) {
        (void)http_answer_feed(&answer, bytes + at, length - at < piece ? length - at : piece);
    }
    enum http_answer_stage stage = http_answer_end(&answer);
    assert(stage == HTTP_ANSWER_DONE || stage == HTTP_ANSWER_BROKEN);
    assert(stage == HTTP_ANSWER_BROKEN || (answer.status >= 200 && answer.status <= 599));
    assert(answer.body.length <= HTTP_ANSWER_BODY_MAX);
    return answer;
}

/* However an answer is cut on its way, it reads the same. */
static void try_answer(const char *bytes, size_t length)
{
    struct http_answer whole = read_answer(bytes, length, length > 0 ? length : 1);
    for (size_t piece = 1; piece <= 7; piece += 6) {
        struct http_answer again = read_answer(bytes, length, piece);
        assert(again.stage == whole.stage);
        if (whole.stage == HTTP_ANSWER_DONE) {
            size_t size = whole.body.length;
            assert(again.status == whole.status && again.body.length == size);
            assert(size == 0 || memcmp(again.body.bytes, whole.body.bytes, size) == 0);
        }
        http_answer_free(&again);
    }
    http_answer_free(&whole);
}

static void try_path(const char *path)
{
    static const char before[] = "/elections/", after[] = "/step-down";
    char name[HTTP_NAME_MAX];
    size_t length = strlen(path), around = sizeof before + sizeof after - 2;
    if (http_path_fits("/elections/{name}/step-down", path, name)) {
        assert(strlen(name) == length - around && strchr(name, '/') == NULL);
        assert(strncmp(path + sizeof before - 1, name, strlen(name)) == 0);
        assert(strcmp(path + length - sizeof after + 1, after) == 0);
    }
    assert(http_path_fits("/status", path, name) == (strcmp(path, "/status") == 0));
}

/* Names are the same in either case. */
static void try_names(char *text)
{
    static char one[] = "a.example", many[] = "*.b.example";
    static char *const hosts[] = {one, many};
    static const unsigned all = HTTP_JSON | HTTP_TEXT | HTTP_HTML | HTTP_EVENTS;
    enum http_format format = http_accept(text, all);
    bool allowed = http_host_allowed(text, hosts, 2);
    assert(format == 0 || (format & all) == format);
    assert(format == 0 || http_accept(text, format) == format);
    assert((http_accept(text, HTTP_JSON) != 0) <= (format != 0));
    for (char *at = text; *at != '\0'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    assert(http_accept(text, all) == format);
    assert(http_host_allowed(text, hosts, 2) == allowed);
}

static void try_secrets(const char *text)
{
    bool bearer = strncasecmp(text, "Bearer ", 7) == 0;
    assert(http_token_fits(text, "t0ken") == (bearer && strcmp(text + 7, "t0ken") == 0));
    const char *authority = strstr(text, "://");
    assert(http_origin_is(text, "Host:1") ==
           (authority != NULL && strcasecmp(authority, "://host:1") == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* exactly so long: reading beyond is seen */
    memcpy(text, data, size);
    text[size] = '\0';
    try_answer(text, size);
    try_path(text);
    try_secrets(text);
    try_names(text);
    free(text);
    return 0;
}

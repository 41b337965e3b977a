/* What comes from HTTP clients: Accept, paths, durations, cursors' relatives, and answers of
 * daemons as our own client reads them. */
#include "daemon/http_answer.h"
#include "lib/base/timetext.h"
#include "lib/http/rules.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void feed_answer(const char *bytes, size_t length, size_t piece)
{
    struct http_answer answer;
    http_answer_init(&answer);
    for (size_t at = 0; at < length; at += piece) {
        (void)http_answer_feed(&answer, bytes + at, length - at < piece ? length - at : piece);
    }
    (void)http_answer_end(&answer);
    http_answer_free(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[HTTP_NAME_MAX];
    int64_t ms = 0;
    char *text = malloc(size + 1); /* exactly so long: reading beyond is seen */
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    (void)http_accept(text, HTTP_JSON | HTTP_TEXT | HTTP_HTML | HTTP_EVENTS);
    (void)http_path_fits("/elections/{name}/step-down", text, name);
    (void)http_path_fits("/status", text, name);
    (void)http_format_named(text);
    if (duration_parse(text, true, &ms)) {
        char out[DURATION_TEXT_MAX];
        duration_format(ms, out);
    }
    feed_answer(text, size, size > 0 ? size : 1);
    feed_answer(text, size, 1);
    free(text);
    return 0;
}

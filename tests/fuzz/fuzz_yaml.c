/* A configuration file of any content: errors, never a crash; what is accepted prints and reads
 * back the same. */
#include "config/config.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static struct config *load(const char *bytes, size_t length)
{
    struct config_issues issues = {0};
    struct config_source source = {.file = "fuzz.yaml",
                                   .bytes = bytes,
                                   .length = length,
                                   .hostname = "host",
                                   .runtime_dir = "/run/leaderd"};
    struct config *config = config_load(&source, &issues);
    struct text text = {0};
    config_issues_print(&issues, &text);
    text_free(&text);
    config_issues_deinit(&issues);
    return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = load((const char *)data, size);
    if (config != NULL) {
        struct text first = {0}, second = {0};
        config_print(config, &first);
        struct config *again = load(first.bytes, first.length);
        if (again == NULL) {
            abort();
        }
        config_print(again, &second);
        if (strcmp(first.bytes, second.bytes) != 0) {
            abort();
        }
        config_free(again);
        text_free(&first);
        text_free(&second);
    }
    config_free(config);
    return 0;
}

/* Texts that others write: INFO, SNTP packets, the metadata of a record, a report of a daemon. */
#include "lib/diagnostics/info_text.h"
#include "lib/diagnostics/report_text.h"
#include "lib/diagnostics/sntp_packet.h"
#include "lib/status/metadata.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char word[16];
    struct sntp_result result;
    struct problem problem;
    struct metadata metadata = {0};
    struct text text = {0};
    char *copy = malloc(size + 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    copy[size] = '\0';
    (void)info_string(copy, "role", word, sizeof word);
    (void)info_number(copy, "used_memory", -1);
    if (sntp_read(data, size, 0, 1795516642000000, 1795516642010000, &result, &problem) ==
            SNTP_KISS &&
        strlen(result.kiss) != 4) {
        abort();
    }
    metadata_decode(copy, strlen(copy), &metadata);
    metadata_free(&metadata);
    (void)report_render_text(&text, copy, size, REPORT_COLOURED);
    text_free(&text);
    text_add_json(&text, copy);
    text_free(&text);
    free(copy);
    return 0;
}

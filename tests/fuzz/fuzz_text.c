/* Texts and packets that others write. The first byte chooses who reads the rest. */
#include "lib/base/timetext.h"
#include "lib/diagnostics/info_text.h"
#include "lib/diagnostics/report_text.h"
#include "lib/diagnostics/sntp_packet.h"
#include "lib/status/document.h"
#include "lib/status/metadata.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { NTP_PRECISION = 3, NTP_ORIGINATE = 24 };

static void read_info(const char *text, size_t length)
{
    char word[8];
    (void)length;
    bool found = info_string(text, "role", word, sizeof word);
    assert(found == (strncmp(text, "role:", 5) == 0 || strstr(text, "\nrole:") != NULL));
    assert(found || word[0] == '\0');
    for (const char *at = word; *at != '\0'; at++) {
        assert(*at >= ' ' && *at <= '~');
    }
    assert(strnlen(word, sizeof word) < sizeof word);
    int64_t number = info_number(text, "used_memory", -1);
    assert(number >= -1 && number < INT64_C(1000000000000000000));
}

static void check_exchange(enum sntp_verdict verdict, const struct sntp_result *result,
                           const struct problem *problem)
{
    const struct sntp_result none = {0};
    if (verdict == SNTP_GOOD) {
        assert(result->stratum >= 1 && result->stratum <= 15);
        assert(result->round_trip_us >= 0 && result->round_trip_us <= 5000000);
        assert(result->bound_us >= result->round_trip_us / 2 && result->bound_us < 4000000);
        assert(llabs(result->offset_us) <= (INT64_C(1) << 31) * 1000000 + 5000000);
        return;
    }
    assert(result->offset_us == 0 && result->bound_us == 0 && result->stratum == 0);
    assert((problem->text[0] == '\0') == (verdict == SNTP_FOREIGN));
    if (verdict == SNTP_KISS) {
        assert(strlen(result->kiss) == 4 &&
               strspn(result->kiss, "ABCDEFGHIJKLMNOPQRSTUVWXYZ?") == 4);
    } else {
        assert(memcmp(result->kiss, none.kiss, sizeof none.kiss) == 0);
    }
}

/* The nonce is what the packet says it is, or nothing else would be looked at; the exchange takes
 * as long as its precision says, which is not looked at. */
static void read_sntp(const char *text, size_t length)
{
    const uint8_t *packet = (const uint8_t *)text;
    const int64_t sent_us = 1795516642000000;
    uint64_t nonce = 0;
    struct sntp_result result;
    struct problem problem = {""};
    for (int i = 0; i < 8 && length >= SNTP_PACKET_SIZE; i++) {
        nonce = nonce << 8 | packet[NTP_ORIGINATE + i];
    }
    int64_t took_us = length >= SNTP_PACKET_SIZE ? packet[NTP_PRECISION] * 20000 : 0;
    enum sntp_verdict verdict =
        sntp_read(packet, length, nonce, sent_us, sent_us + took_us, &result, &problem);
    assert((verdict == SNTP_FOREIGN) == (length < SNTP_PACKET_SIZE));
    check_exchange(verdict, &result, &problem);
    verdict = sntp_read(packet, length, nonce + 1, sent_us, sent_us, &result, &problem);
    assert(verdict == SNTP_FOREIGN);
}

static bool is_deeper(const json_t *value, int levels)
{
    size_t index;
    const char *key;
    json_t *inner, *outer = (json_t *)(uintptr_t)value;
    bool deeper = levels == 0 && (json_is_object(value) || json_is_array(value));
    if (!deeper) {
        json_object_foreach(outer, key, inner)
        {
            deeper = deeper || is_deeper(inner, levels - 1);
        }
        json_array_foreach(outer, index, inner)
        {
            deeper = deeper || is_deeper(inner, levels - 1);
        }
    }
    return deeper;
}

/* What is read is bounded, well-formed, and reads back the same. */
static void read_metadata(const char *text, size_t length)
{
    struct metadata metadata = {0}, again = {0};
    struct text record = {0};
    metadata_decode(text, length, &metadata);
    assert(metadata.renew_interval_ms >= 0 && metadata.renew_interval_ms <= DURATION_MAX_MS);
    assert(metadata.waiters >= 0 && metadata.waiters <= DURATION_MAX_MS);
    json_t *root = json_loadb(metadata.json.bytes, metadata.json.length, 0, NULL);
    assert(json_is_object(root) && !is_deeper(root, METADATA_DEPTH_MAX));
    json_decref(root);
    text_addf(&record, "{\"i\":%lld,\"w\":%lld,\"m\":%s}", (long long)metadata.renew_interval_ms,
              (long long)metadata.waiters, metadata.json.bytes);
    metadata_decode(record.bytes, record.length, &again);
    assert(again.renew_interval_ms == metadata.renew_interval_ms);
    assert(again.waiters == metadata.waiters);
    assert(strcmp(again.json.bytes, metadata.json.bytes) == 0);
    metadata_free(&metadata);
    metadata_free(&again);
    text_free(&record);
}

/* A report shows itself with its own control characters only. */
static void read_report(const char *text, size_t length)
{
    struct text out = {0};
    char overall[8];
    bool shown = report_render_text(&out, text, length, REPORT_PLAIN);
    assert(shown == (out.length > 0));
    for (size_t i = 0; i < out.length; i++) {
        unsigned char byte = (unsigned char)out.bytes[i];
        assert((byte >= ' ' || byte == '\n') && byte != 0x7f);
        assert(byte != 0xc2 || (unsigned char)out.bytes[i + 1] >= 0xa0); /* U+0080 to U+009F */
    }
    text_clear(&out);
    assert(report_render_text(&out, text, length, REPORT_COLOURED) == shown);
    report_read_overall(text, length, overall, sizeof overall);
    assert(strnlen(overall, sizeof overall) < sizeof overall);
    text_free(&out);
}

/* What is read is bounded; what is printed reads back. */
static void read_duration(const char *text, size_t length)
{
    char out[DURATION_TEXT_MAX];
    int64_t ms = -1, again = -1;
    (void)length;
    bool strict = duration_parse(text, false, &again);
    bool good = duration_parse(text, true, &ms);
    bool bare = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    assert(good ? strict != bare : !strict && ms == -1);
    if (good) {
        assert(ms >= 0 && ms <= DURATION_MAX_MS && (!strict || again == ms));
        duration_format(ms, out);
        assert(duration_parse(out, false, &again) && again == ms);
        duration_describe(ms, out);
        assert(strnlen(out, sizeof out) < sizeof out);
    }
}

/* A path up to the end of the line, and the answer it is looked up in. */
static void read_field(const char *text, size_t length)
{
    char path[80];
    struct text out = {0};
    size_t end = strcspn(text, "\n");
    if (end < sizeof path && end < length) {
        memcpy(path, text, end);
        path[end] = '\0';
        bool found = status_add_field(&out, text + end + 1, length - end - 1, path);
        assert(found == (out.length > 0) && (!found || out.bytes[out.length - 1] == '\n'));
        assert(strncmp(path, text, end) == 0);
    }
    text_free(&out);
}

/* Any bytes become a string of JSON, and what is UTF-8 is kept. */
static void write_json(const char *text, size_t length)
{
    struct text out = {0}, again = {0};
    size_t kept = 0, size = 1, all = strlen(text);
    (void)length;
    while (kept < all && size > 0) {
        size = utf8_character(text + kept, all - kept);
        kept += size;
    }
    text_add_json(&out, text);
    json_t *root = json_loadb(out.bytes, out.length, JSON_DECODE_ANY, NULL);
    assert(json_is_string(root));
    assert((strcmp(json_string_value(root), text) == 0) == (kept == all));
    text_add_json(&again, json_string_value(root));
    assert(strcmp(out.bytes, again.bytes) == 0);
    json_decref(root);
    text_free(&out);
    text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *text, size_t length) = {
        read_info, read_sntp, read_metadata, read_report, read_duration, read_field, write_json};
    enum { READERS = sizeof readers / sizeof readers[0] };
    if (size == 0) {
        return 0;
    }
    char *text = malloc(size); /* exactly so long: reading beyond is seen */
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    readers[data[0] % READERS](text, size - 1);
    free(text);
    return 0;
}

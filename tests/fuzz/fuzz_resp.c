/* What a server answers: the protocol in pieces of any size, the answer of the script, the slots of
 * a cluster, error replies. */
#include "lib/store/redis/endpoint.h"
#include "lib/store/redis/fault.h"
#include "lib/store/redis/script.h"
#include "lib/store/redis/slots.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 9 };

static void check_endpoint(const struct redis_endpoint *endpoint)
{
    size_t length = strnlen(endpoint->host, REDIS_HOST_SIZE);
    assert(length > 0 && length < REDIS_HOST_SIZE);
    assert(endpoint->port >= 1 && endpoint->port <= 65535);
    assert(strstr(endpoint->name, endpoint->host) != NULL);
}

static void take_range(void *owner, unsigned first, unsigned last,
                       const struct redis_endpoint *primary)
{
    (void)owner;
    assert(first <= last && last < SLOTS);
    check_endpoint(primary);
}

static bool is_number(int64_t number)
{
    return number >= 0 && number <= LEASE_TERM_MAX;
}

static void check_reply(const struct lease_reply *reply)
{
    const struct lease_record *record = &reply->record;
    assert(reply->outcome >= LEASE_SEEN && reply->outcome <= LEASE_EMPTIED);
    assert(record->state >= LEASE_ABSENT && record->state <= LEASE_VACATED);
    assert(is_number(record->term) && is_number(record->n) && is_number(record->lease_ms));
    assert(is_number(record->end_us) && is_number(record->written_us));
    assert(is_number(record->acquired_us) && is_number(record->unconfirmed));
    assert(is_number(reply->server_us) && reply->listeners >= 0);
    assert(strnlen(record->instance, LEASE_INSTANCE_SIZE) < LEASE_INSTANCE_SIZE);
    assert(strnlen(record->participant, LEASE_PARTICIPANT_SIZE) < LEASE_PARTICIPANT_SIZE);
    assert(strnlen(record->reign, LEASE_REIGN_SIZE) < LEASE_REIGN_SIZE);
    assert(strnlen(reply->version, LEASE_VERSION_SIZE) < LEASE_VERSION_SIZE);
    assert(record->meta != NULL && strlen(record->meta) <= REDIS_META_MAX);
    assert(reply->error[0] == '\0' && reply->replicated);
}

static void try_error(const struct resp_value *value)
{
    struct redis_fault fault;
    struct redis_place place = {.endpoint = "10.0.0.5:6379", .key = "k"};
    for (int secret = 0; secret <= 1; secret++) {
        place.secret = secret == 1;
        redis_fault_read(&fault, value->bytes, value->length, &place);
        assert(fault.remedy >= REDIS_RETRY && fault.remedy <= REDIS_CONFIGURE);
        assert(fault.code[0] != '\0' && fault.problem.text[0] != '\0');
        for (const char *at = fault.problem.text; *at != '\0'; at++) {
            assert(*at >= ' ' && *at <= '~');
        }
    }
}

static void use(const struct resp_value *value)
{
    struct lease_reply reply;
    struct redis_endpoint from, other;
    if (script_read_answer(value, &reply)) {
        check_reply(&reply);
    }
    if (value->kind == RESP_ERROR) {
        try_error(value);
    }
    bool good = endpoint_set(&from, "10.0.0.5", 6379);
    assert(good);
    (void)!slots_read(value, &from, take_range, NULL);
    if (endpoint_read(&other, value->bytes, value->length, &from)) {
        check_endpoint(&other);
    }
    const char *text = resp_text(value);
    assert(text == NULL || (slots_of_key(text) < SLOTS && strlen(text) == value->length));
}

/* Writes down all of a value, which keeps what resp.h promises. */
static void note(const struct resp_value *value, int depth, struct text *out)
{
    assert(value != NULL && depth <= DEPTH_MAX && value->count <= RESP_ITEMS_MAX);
    assert(value->bytes[value->length] == '\0');
    text_addf(out, "%d %lld ", (int)value->kind, (long long)value->integer);
    text_add_bytes(out, value->bytes, value->length);
    assert(value->kind == RESP_ARRAY || value->count == 0);
    for (size_t i = 0; i < value->count; i++) {
        note(value->items[i], depth + 1, out);
    }
    text_add(out, "\n");
}

static struct text read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
    struct text out = {0};
    struct resp_reader *reader = resp_reader_new();
    enum resp_progress progress = RESP_MORE;
    for (size_t at = 0; at < size && progress != RESP_BROKEN; at += piece) {
        struct resp_value *value = NULL;
        resp_feed(reader, (const char *)data + at, size - at < piece ? size - at : piece);
        while ((progress = resp_next(reader, &value)) == RESP_READY) {
            note(value, 0, &out);
            use(value);
            resp_free(value);
        }
    }
    assert((progress == RESP_BROKEN) == (resp_reader_error(reader)[0] != '\0'));
    text_add(&out, progress == RESP_BROKEN ? "broken" : "");
    resp_reader_free(reader);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text whole = read_in_pieces(data, size, size > 0 ? size : 1);
    struct text again = read_in_pieces(data, size, 3);
    assert(whole.length == again.length);
    assert(whole.length == 0 || memcmp(whole.bytes, again.bytes, whole.length) == 0);
    text_free(&whole);
    text_free(&again);
    return 0;
}

/* What a server answers: the protocol in pieces of any size, the script's answer, error replies. */
#include "lib/store/redis/endpoint.h"
#include "lib/store/redis/fault.h"
#include "lib/store/redis/script.h"
#include "lib/store/redis/slots.h"
#include "tests/fuzz/fuzz.h"

static void take_range(void *owner, unsigned first, unsigned last,
                       const struct redis_endpoint *primary)
{
    (void)owner;
    (void)first;
    (void)last;
    (void)primary;
}

/* Was there anything that could be used? */
static bool use(const struct resp_value *value)
{
    struct lease_reply reply;
    struct redis_fault fault;
    struct redis_endpoint from, other;
    struct redis_place place = {.endpoint = "10.0.0.5:6379", .key = "k"};
    bool good = script_read_answer(value, &reply);
    if (value->kind == RESP_ERROR) {
        redis_fault_read(&fault, value->bytes, value->length, &place);
    }
    if (endpoint_set(&from, "10.0.0.5", 6379)) {
        good |= slots_read(value, &from, take_range, NULL);
        good |= endpoint_read(&other, value->bytes, value->length, &from);
    }
    return good;
}

static void read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
    struct resp_reader *reader = resp_reader_new();
    enum resp_progress progress = RESP_MORE;
    for (size_t at = 0; at < size && progress != RESP_BROKEN; at += piece) {
        struct resp_value *value = NULL;
        resp_feed(reader, (const char *)data + at, size - at < piece ? size - at : piece);
        while ((progress = resp_next(reader, &value)) == RESP_READY) {
            (void)use(value);
            resp_free(value);
        }
    }
    resp_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_in_pieces(data, size, size > 0 ? size : 1);
    read_in_pieces(data, size, 3);
    return 0;
}

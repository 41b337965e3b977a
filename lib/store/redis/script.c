#include "lib/store/redis/script.h"

#include "lib/store/redis/redis_store.h"
#include "lib/store/redis/sha1.h"

#include <string.h>

/* Parts of the command: EVAL(SHA), script, number of keys, key, arguments. */
enum { ARGUMENTS = 13, PARTS = 4 + ARGUMENTS };

static const char plain_text[] =
#include "lib/store/redis/lease.lua.h"
    ;

static const char when_full_text[] = "#!lua flags=allow-oom\n"
#include "lib/store/redis/lease.lua.h"
    ;

void script_add_arguments(struct text *text, const struct lease_request *request,
                          const struct script_context *context)
{
    resp_integer(text, 1);
    resp_string(text, context->key);
    resp_string(text, lease_verb_name(request->verb));
    resp_string(text, request->instance);
    resp_string(text, request->participant);
    resp_integer(text, request->lease_ms);
    resp_integer(text, request->term);
    resp_string(text, request->version);
    resp_integer(text, request->verb == LEASE_ACQUIRE ? request->force : request->n);
    resp_integer(text, request->n_acked);
    resp_string(text, request->meta);
    resp_string(text, context->channel);
    resp_string(text, context->reign);
    resp_integer(text, context->restart_guard);
    resp_integer(text, request->transient ? LEASE_TRANSIENT_MS : 0);
}

static const char *text_of(enum script_form form, size_t *length)
{
    bool plain = form == SCRIPT_PLAIN;
    *length = (plain ? sizeof plain_text : sizeof when_full_text) - 1;
    return plain ? plain_text : when_full_text;
}

void script_add_by_name(struct text *text, enum script_form form, const struct text *arguments)
{
    static char names[SCRIPT_WHEN_FULL + 1][SHA1_HEX_SIZE];
    if (names[form][0] == '\0') {
        size_t length;
        const char *script = text_of(form, &length);
        sha1_hex(script, length, names[form]);
    }
    resp_begin(text, PARTS);
    resp_string(text, "EVALSHA");
    resp_string(text, names[form]);
    text_add_bytes(text, arguments->bytes, arguments->length);
}

void script_add_in_full(struct text *text, enum script_form form, const struct text *arguments)
{
    size_t length;
    const char *script = text_of(form, &length);
    resp_begin(text, PARTS);
    resp_string(text, "EVAL");
    resp_part(text, script, length);
    text_add_bytes(text, arguments->bytes, arguments->length);
}

enum place {
    AT_OUTCOME,
    AT_VERSION,
    AT_NOW,
    AT_STATE,
    AT_TERM,
    AT_N,
    AT_INSTANCE,
    AT_PARTICIPANT,
    AT_LEASE,
    AT_END,
    AT_WRITTEN,
    AT_ACQUIRED,
    AT_REIGN,
    AT_UNCONFIRMED,
    AT_META,
    AT_FRESH,
    AT_LISTENERS,
    PLACES,
};

static bool read_string(const struct resp_value *value, char *out, size_t size)
{
    const char *text = resp_text(value);
    if (text == NULL || value->length >= size) {
        return false;
    }
    memcpy(out, text, value->length + 1);
    return true;
}

static bool read_outcome(const struct resp_value *value, enum lease_outcome *outcome)
{
    static const struct {
        const char *word;
        enum lease_outcome outcome;
    } words[] = {
        {"seen", LEASE_SEEN},        {"acquired", LEASE_ACQUIRED},
        {"renewed", LEASE_RENEWED},  {"reasserted", LEASE_REASSERTED},
        {"released", LEASE_GAVE_UP}, {"guarded", LEASE_GUARDED},
        {"lost", LEASE_LOST},        {"conflict", LEASE_CONFLICT},
        {"opened", LEASE_OPENED},    {"emptied", LEASE_EMPTIED},
    };
    const char *text = resp_text(value);
    for (size_t i = 0; text != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i].word) == 0) {
            *outcome = words[i].outcome;
            return true;
        }
    }
    return false;
}

static bool read_state(const struct resp_value *value, enum lease_state *state)
{
    const char *text = resp_text(value);
    if (text == NULL || value->length != 1) {
        return false;
    }
    switch (text[0]) {
    case '-':
        *state = LEASE_ABSENT;
        return true;
    case 'h':
        *state = LEASE_HELD;
        return true;
    case 'r':
        *state = LEASE_RELEASED;
        return true;
    case 'g':
        *state = LEASE_GUARD;
        return true;
    case 'v':
        *state = LEASE_VACATED;
        return true;
    default:
        return false;
    }
}

static bool read_record(struct resp_value *const *items, struct lease_record *record)
{
    const struct resp_value *meta = items[AT_META];
    record->meta = resp_text(meta);
    return read_state(items[AT_STATE], &record->state) &&
           resp_number(items[AT_TERM], &record->term) && resp_number(items[AT_N], &record->n) &&
           read_string(items[AT_INSTANCE], record->instance, sizeof record->instance) &&
           read_string(items[AT_PARTICIPANT], record->participant, sizeof record->participant) &&
           resp_number(items[AT_LEASE], &record->lease_ms) &&
           resp_number(items[AT_END], &record->end_us) &&
           resp_number(items[AT_WRITTEN], &record->written_us) &&
           resp_number(items[AT_ACQUIRED], &record->acquired_us) &&
           read_string(items[AT_REIGN], record->reign, sizeof record->reign) &&
           resp_number(items[AT_UNCONFIRMED], &record->unconfirmed) && record->meta != NULL &&
           meta->length <= REDIS_META_MAX;
}

/* milliseconds, rounded down also below zero */
static int64_t floor_ms(int64_t us)
{
    return us >= 0 ? us / 1000 : -((-us + 999) / 1000);
}

bool script_read_answer(const struct resp_value *value, struct lease_reply *reply)
{
    *reply = (struct lease_reply){.replicated = true};
    if (value->kind != RESP_ARRAY || value->count != PLACES) {
        return false;
    }
    struct resp_value *const *items = value->items;
    const struct resp_value *listeners = items[AT_LISTENERS];
    int64_t fresh = 0;
    if (!read_outcome(items[AT_OUTCOME], &reply->outcome) ||
        !read_string(items[AT_VERSION], reply->version, sizeof reply->version) ||
        !resp_number(items[AT_NOW], &reply->server_us) || !read_record(items, &reply->record) ||
        !resp_number(items[AT_FRESH], &fresh) || fresh > 1 || listeners->kind != RESP_INTEGER ||
        listeners->integer < 0) {
        return false;
    }
    reply->fresh = fresh == 1;
    reply->listeners = listeners->integer;
    if (reply->record.state != LEASE_ABSENT) {
        reply->left_ms = floor_ms(reply->record.end_us - reply->server_us);
        reply->age_ms = floor_ms(reply->server_us - reply->record.written_us);
    }
    return true;
}

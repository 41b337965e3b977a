#include "lib/store/redis/resp.h"

#include "lib/lease/lease.h"

/* Its inline functions convert integers without saying so. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <hiredis.h>
#pragma GCC diagnostic pop

#include <stdlib.h>
#include <string.h>

/* hiredis counts items in an int before 1.0, and knows fewer types. */
#if HIREDIS_MAJOR >= 1
typedef size_t item_count;
#else
typedef int item_count;
#endif

struct resp_reader {
    redisReader *parser;
    size_t fed; /* bytes since the last complete value */
    const char *error;
};

static void add_head(struct text *text, char type, size_t number)
{
    char head[TEXT_DIGITS_SIZE + 3] = {type};
    size_t length = 1 + text_digits(head + 1, (int64_t)number);
    head[length++] = '\r';
    head[length++] = '\n';
    text_add_bytes(text, head, length);
}

void resp_begin(struct text *text, size_t parts)
{
    add_head(text, '*', parts);
}

void resp_part(struct text *text, const char *bytes, size_t length)
{
    add_head(text, '$', length);
    text_add_bytes(text, bytes, length);
    text_add_bytes(text, "\r\n", 2);
}

void resp_string(struct text *text, const char *string)
{
    resp_part(text, string, strlen(string));
}

void resp_integer(struct text *text, int64_t number)
{
    char digits[TEXT_DIGITS_SIZE];
    resp_part(text, digits, text_digits(digits, number));
}

const char *resp_text(const struct resp_value *value)
{
    bool textual = value->kind == RESP_STRING || value->kind == RESP_STATUS;
    return textual && strlen(value->bytes) == value->length ? value->bytes : NULL;
}

bool resp_number(const struct resp_value *value, int64_t *number)
{
    const char *text = resp_text(value);
    if (text == NULL || value->length == 0 || value->length > 16) {
        return false;
    }
    int64_t sum = 0;
    for (size_t i = 0; i < value->length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        sum = sum * 10 + (text[i] - '0');
    }
    *number = sum;
    return sum <= LEASE_TERM_MAX;
}

static enum resp_kind kind_of(int type)
{
    switch (type) {
    case REDIS_REPLY_STRING:
        return RESP_STRING;
    case REDIS_REPLY_STATUS:
        return RESP_STATUS;
    case REDIS_REPLY_ERROR:
        return RESP_ERROR;
    case REDIS_REPLY_INTEGER:
        return RESP_INTEGER;
    case REDIS_REPLY_NIL:
        return RESP_NIL;
    case REDIS_REPLY_ARRAY:
        return RESP_ARRAY;
    default:
        return RESP_OTHER;
    }
}

/* A value and what it holds are one piece of memory. */
static struct resp_value *create(const redisReadTask *task, size_t extra)
{
    struct resp_value *value = calloc(1, sizeof *value + extra);
    if (value == NULL) {
        return NULL;
    }
    value->kind = kind_of(task->type);
    value->bytes = "";
    if (task->parent != NULL) {
        struct resp_value *parent = task->parent->obj;
        parent->items[task->idx] = value;
    }
    return value;
}

static void *create_string(const redisReadTask *task, char *bytes, size_t length)
{
    struct resp_value *value = create(task, length + 1);
    if (value != NULL) {
        char *copy = (char *)(value + 1);
        memcpy(copy, bytes, length);
        value->bytes = copy;
        value->length = length;
    }
    return value;
}

static void *create_array(const redisReadTask *task, item_count count)
{
    if ((size_t)count > RESP_ITEMS_MAX) {
        return NULL;
    }
    struct resp_value *value = create(task, (size_t)count * sizeof(struct resp_value *));
    if (value != NULL) {
        value->items = (struct resp_value **)(void *)(value + 1);
        value->count = (size_t)count;
    }
    return value;
}

static void *create_integer(const redisReadTask *task, long long number)
{
    struct resp_value *value = create(task, 0);
    if (value != NULL) {
        value->integer = number;
    }
    return value;
}

static void *create_nil(const redisReadTask *task)
{
    struct resp_value *value = create(task, 0);
    if (value != NULL) {
        value->kind = RESP_NIL; /* the task says what would be there, were it not nil */
    }
    return value;
}

#if HIREDIS_MAJOR >= 1
static void *create_double(const redisReadTask *task, double number, char *bytes, size_t length)
{
    (void)number;
    (void)bytes;
    (void)length;
    return create(task, 0);
}

static void *create_bool(const redisReadTask *task, int truth)
{
    (void)truth;
    return create(task, 0);
}
#endif

void resp_free(struct resp_value *value)
{
    if (value == NULL) {
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        resp_free(value->items[i]);
    }
    free(value);
}

static void free_object(void *value)
{
    resp_free(value);
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = create_double,
    .createBool = create_bool,
#endif
    .freeObject = free_object,
};

struct resp_reader *resp_reader_new(void)
{
    struct resp_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->parser = redisReaderCreateWithFunctions(&functions);
    if (reader->parser == NULL) {
        free(reader);
        return NULL;
    }
    return reader;
}

void resp_reader_free(struct resp_reader *reader)
{
    if (reader != NULL) {
        redisReaderFree(reader->parser);
        free(reader);
    }
}

void resp_feed(struct resp_reader *reader, const char *bytes, size_t length)
{
    reader->fed += length;
    if (reader->error == NULL && redisReaderFeed(reader->parser, bytes, length) != REDIS_OK) {
        reader->error = reader->parser->errstr;
    }
}

enum resp_progress resp_next(struct resp_reader *reader, struct resp_value **value)
{
    void *complete = NULL;
    if (reader->error != NULL) {
        return RESP_BROKEN;
    }
    if (redisReaderGetReply(reader->parser, &complete) != REDIS_OK) {
        reader->error =
            reader->parser->err == REDIS_ERR_OOM ? "a value is too large" : reader->parser->errstr;
        return RESP_BROKEN;
    }
    if (complete == NULL && reader->fed > RESP_VALUE_MAX) {
        reader->error = "a value is too large";
        return RESP_BROKEN;
    }
    if (complete == NULL) {
        return RESP_MORE;
    }
    reader->fed = 0;
    *value = complete;
    return RESP_READY;
}

const char *resp_reader_error(const struct resp_reader *reader)
{
    return reader->error != NULL ? reader->error : "";
}

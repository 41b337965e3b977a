#include "lib/store/redis/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { QUOTE_SIZE = 161 };

struct row {
    const char *begins;
    const char *code; /* NULL: the first word of the reply */
    enum redis_remedy remedy;
    bool about_key;
    const char *says;
};

static const struct row rows[] = {
    {"NOAUTH", NULL, REDIS_RECONNECT, false,
     "asks for a password: set store.password_file, and store.username for an ACL user"},
    {"ERR Protocol error: unauthenticated", "NOAUTH", REDIS_RECONNECT, false,
     "asks for a password: set store.password_file, and store.username for an ACL user"},
    {"WRONGPASS", NULL, REDIS_CONFIGURE, false,
     "refused the user name or the password: check store.username and store.password_file"},
    {"ERR invalid password", "WRONGPASS", REDIS_CONFIGURE, false,
     "refused the password: check store.password_file"},
    {"ERR AUTH <password> called without", "WRONGPASS", REDIS_CONFIGURE, false,
     "has no password for the default user: remove store.password_file, or set store.username"},
    {"ERR Client sent AUTH, but no password", "WRONGPASS", REDIS_CONFIGURE, false,
     "has no password: remove store.password_file"},
    {"ERR wrong number of arguments for 'auth'", "WRONGPASS", REDIS_CONFIGURE, false,
     "knows no ACL users (Redis before 6.0): remove store.username"},
    {"NOPERM", NULL, REDIS_HOLD, false,
     "does not permit this user what leaderd needs: +evalsha +eval +time +hmget +hset +hlen "
     "+publish "
     "+subscribe +unsubscribe +select +info +ping, and the keys and channels that begin with "
     "store.key_prefix"},
    {"ERR The user executing the script", "NOPERM", REDIS_HOLD, false,
     "does not permit this user what the script needs: +time +hmget +hset +publish +info, and the "
     "keys and channels that begin with store.key_prefix"},
    {"The user executing the script", "NOPERM", REDIS_HOLD, false,
     "does not permit this user what the script needs: +time +hmget +hset +publish +info, and the "
     "keys and channels that begin with store.key_prefix"},
    {"ERR ACL failure in script", "NOPERM", REDIS_HOLD, false,
     "does not permit this user what the script needs: +time +hmget +hset +publish +info, and the "
     "keys and channels that begin with store.key_prefix"},
    {"WRONGTYPE", NULL, REDIS_HOLD, true,
     "holds a value of another type: it is left untouched; delete or rename it, or choose another "
     "store.key_prefix"},
    {"FOREIGN", "foreign", REDIS_HOLD, true,
     "holds a hash that is not a lease record: it is left untouched; delete or rename it, or "
     "choose another store.key_prefix"},
    {"READONLY", NULL, REDIS_REDISCOVER, false,
     "takes no writes: it is a replica, or is no longer the primary"},
    {"MASTERDOWN", NULL, REDIS_REDISCOVER, false, "is a replica that lost its primary"},
    {"MOVED", NULL, REDIS_REDISCOVER, false,
     "belongs to a Redis Cluster, and the key to another node of it"},
    {"ASK", NULL, REDIS_REDISCOVER, false,
     "belongs to a Redis Cluster that is just moving the key to another node"},
    {"TRYAGAIN", NULL, REDIS_RETRY, false,
     "belongs to a Redis Cluster that is just moving the key to another node"},
    {"CLUSTERDOWN", NULL, REDIS_REDISCOVER, false,
     "belongs to a Redis Cluster that is down or cannot see its majority"},
    {"LOADING", NULL, REDIS_RETRY, false, "is still loading its data"},
    {"BUSY", NULL, REDIS_RETRY, false,
     "is busy with somebody's script that runs too long; SCRIPT KILL may end it"},
    {"MISCONF", NULL, REDIS_RETRY, false,
     "refuses writes because it could not save its data to disk: look into its log"},
    {"OOM", NULL, REDIS_RETRY, false,
     "refuses writes because its memory is full: raise maxmemory, or remove data"},
    {"NOREPLICAS", NULL, REDIS_RETRY, false,
     "refuses writes because too few replicas are connected (min-replicas-to-write)"},
    {"CLOCK", NULL, REDIS_RETRY, false, "has a clock that is set beyond the year 2254: set it"},
    {"ERR max number of clients", "MAXCLIENTS", REDIS_RECONNECT, false,
     "has no connection left: raise its maxclients"},
    {"ERR unknown command", NULL, REDIS_CONFIGURE, false,
     "lacks a command that leaderd needs (EVALSHA, EVAL, HSET, TIME): it cannot be used as a "
     "store"},
    {"ERR This instance has cluster support disabled", NULL, REDIS_CONFIGURE, false,
     "is no node of a cluster: write redis:// or rediss:// in store.url"},
    {"ERR DB index is out of range", NULL, REDIS_CONFIGURE, false,
     "has no database of this number: check store.url"},
    {"ERR invalid DB index", NULL, REDIS_CONFIGURE, false,
     "has no database of this number: check store.url"},
    {"ERR SELECT is not allowed", NULL, REDIS_CONFIGURE, false,
     "belongs to a Redis Cluster, which has database 0 only: check store.url"},
    {"", NULL, REDIS_RETRY, false, "answered with an error"},
};

void redis_quote(char *out, size_t size, const char *bytes, size_t length)
{
    size_t count = length < size - 1 ? length : size - 1;
    for (size_t i = 0; i < count; i++) {
        out[i] = (char)(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?');
    }
    out[count] = '\0';
}

static bool begins_with(const char *bytes, size_t length, const char *beginning)
{
    size_t size = strlen(beginning);
    if (length < size || memcmp(bytes, beginning, size) != 0) {
        return false;
    }
    /* "ASK" is not the beginning of "ASKING": a lone code must end as a word. */
    bool lone = size > 0 && strchr(beginning, ' ') == NULL;
    return !lone || length == size || bytes[size] == ' ';
}

static const struct row *find(const char *reply, size_t length)
{
    const struct row *row = rows;
    while (!begins_with(reply, length, row->begins)) {
        row++; /* the last row fits everything */
    }
    return row;
}

/* The first word when it looks like a code, else ERR. */
static void copy_code(char out[LEASE_ERROR_SIZE], const char *reply, size_t length)
{
    size_t size = 0;
    while (size < length && reply[size] >= 'A' && reply[size] <= 'Z') {
        size++;
    }
    bool good = size > 0 && size < LEASE_ERROR_SIZE && (size == length || reply[size] == ' ');
    if (good) {
        memcpy(out, reply, size);
        out[size] = '\0';
    } else {
        (void)snprintf(out, LEASE_ERROR_SIZE, "ERR");
    }
}

void redis_fault_read(struct redis_fault *fault, const char *reply, size_t length,
                      const struct redis_place *place)
{
    const struct row *row = find(reply, length);
    char quote[QUOTE_SIZE];
    *fault = (struct redis_fault){.remedy = row->remedy, .about_key = row->about_key};
    if (row->code != NULL) {
        (void)snprintf(fault->code, sizeof fault->code, "%s", row->code);
    } else {
        copy_code(fault->code, reply, length);
    }
    if (place->secret) {
        (void)snprintf(quote, sizeof quote, "%s", fault->code);
    } else {
        redis_quote(quote, sizeof quote, reply, length);
    }
    if (row->about_key && place->key != NULL) {
        (void)problem_set(&fault->problem, "key \"%s\" %s (%s)", place->key, row->says, quote);
    } else {
        (void)problem_set(&fault->problem, "the server at %s %s (%s)", place->endpoint, row->says,
                          quote);
    }
}

void redis_fault_status(struct redis_fault *fault, int status, const struct redis_place *place)
{
    if (status == UV_EOF) {
        redis_fault_set(fault, "EOF", REDIS_RECONNECT, "the server at %s closed the connection",
                        place->endpoint);
        return;
    }
    char name[LEASE_ERROR_SIZE], words[80];
    redis_fault_set(fault, uv_err_name_r(status, name, sizeof name), REDIS_RECONNECT,
                    "no connection to %s: %s", place->endpoint,
                    uv_strerror_r(status, words, sizeof words));
}

void redis_fault_set(struct redis_fault *fault, const char *code, enum redis_remedy remedy,
                     const char *format, ...)
{
    *fault = (struct redis_fault){.remedy = remedy};
    (void)snprintf(fault->code, sizeof fault->code, "%s", code);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault->problem.text, sizeof fault->problem.text, format, arguments);
    va_end(arguments);
}

#include "lib/status/operation.h"

#include <assert.h>
#include <stddef.h>

enum operation operation_of(enum lease_verb verb)
{
    switch (verb) {
    case LEASE_OBSERVE:
        return OPERATION_OBSERVE;
    case LEASE_ACQUIRE:
    case LEASE_BOOTSTRAP:
        return OPERATION_ACQUIRE;
    case LEASE_RENEW:
        return OPERATION_RENEW;
    case LEASE_RELEASE:
    case LEASE_VACATE:
        return OPERATION_RELEASE;
    }
    assert(false && "a verb of enum lease_verb");
    return OPERATION_OBSERVE;
}

enum operation_result operation_result_of(enum lease_verb verb, enum lease_outcome outcome)
{
    switch (outcome) {
    case LEASE_UNKNOWN:
        return OPERATION_TIMEOUT;
    case LEASE_FAILED:
        return OPERATION_ERROR;
    case LEASE_SEEN:
        return verb == LEASE_OBSERVE ? OPERATION_OK : OPERATION_DENIED;
    case LEASE_GUARDED:
        return verb == LEASE_ACQUIRE ? OPERATION_DENIED : OPERATION_OK;
    case LEASE_LOST:
    case LEASE_CONFLICT:
        return OPERATION_DENIED;
    case LEASE_ACQUIRED:
    case LEASE_RENEWED:
    case LEASE_REASSERTED:
    case LEASE_GAVE_UP:
    case LEASE_OPENED:
    case LEASE_EMPTIED:
        return OPERATION_OK;
    }
    assert(false && "an outcome of enum lease_outcome");
    return OPERATION_ERROR;
}

const char *operation_name(enum operation operation)
{
    switch (operation) {
    case OPERATION_ACQUIRE:
        return "acquire";
    case OPERATION_RENEW:
        return "renew";
    case OPERATION_RELEASE:
        return "release";
    case OPERATION_OBSERVE:
        return "observe";
    }
    assert(false && "an operation");
    return NULL;
}

const char *operation_result_name(enum operation_result result)
{
    switch (result) {
    case OPERATION_OK:
        return "ok";
    case OPERATION_DENIED:
        return "denied";
    case OPERATION_ERROR:
        return "error";
    case OPERATION_TIMEOUT:
        return "timeout";
    }
    assert(false && "a result");
    return NULL;
}

#include "lib/store/store.h"

void store_submit(struct store *store, struct store_call *call, const struct lease_request *request,
                  int64_t timeout_ms)
{
    store->class->submit(store, call, request, timeout_ms);
}

void store_subscribe(struct store *store, const char *election)
{
    store->class->subscribe(store, election);
}

void store_unsubscribe(struct store *store, const char *election)
{
    store->class->unsubscribe(store, election);
}

void store_health(const struct store *store, struct store_health *health)
{
    store->class->health(store, health);
}

void store_close(struct store *store)
{
    store->class->close(store);
}

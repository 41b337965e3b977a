/*
 * The text that a holder leaves in its record for the others: its renew interval, about how many
 * wait, and its metadata, as `{"i":5000,"w":3,"m":{"node":"n1"}}`.
 *
 * Written by us, but read from a store where anybody may have written anything: whatever cannot be
 * understood reads as nothing, never as a failure.
 */
#ifndef LEADERD_STATUS_METADATA_H
#define LEADERD_STATUS_METADATA_H

#include "lib/base/text.h"

enum {
    METADATA_TEXT_MAX = 128 * 1024, /* a longer text reads as nothing */
    METADATA_DEPTH_MAX = 16,        /* metadata nested deeper reads as {} */
};

struct metadata_pair {
    const char *key, *value;
};

/* Adds the text. The caller has checked the pairs; text->failed tells whether memory ran out. */
void metadata_encode(struct text *text, const struct metadata_pair *pairs, size_t count,
                     int64_t renew_interval_ms, int64_t waiters);

struct metadata {
    int64_t renew_interval_ms; /* 0: unknown */
    int64_t waiters;           /* 0: none, or unknown */
    struct text json;          /* a JSON object, "{}" for none; empty when memory ran out */
};

/* `metadata` must be all zeros or used before; metadata_free() ends it. */
void metadata_decode(const char *bytes, size_t length, struct metadata *metadata);
void metadata_free(struct metadata *metadata);

#endif

/*
 * The members of the election object, between its braces.
 *
 * For document.c, which puts them into an answer of their own or into the status document.
 */
#ifndef LEADERD_STATUS_ELECTION_JSON_H
#define LEADERD_STATUS_ELECTION_JSON_H

#include "lib/status/document.h"

void election_json_add(struct text *text, const struct status_election *election,
                       const struct status_daemon *daemon);

#endif

/*
 * The judges, one for each thing looked at; for findings.c.
 */
#ifndef LEADERD_DIAGNOSTICS_JUDGES_H
#define LEADERD_DIAGNOSTICS_JUDGES_H

#include "lib/diagnostics/findings.h"

void finding_add(struct findings *findings, enum finding_code code, enum finding_severity severity,
                 const char *format, ...) printf_like(4, 5);

void judge_daemon(const struct daemon_facts *facts, struct findings *findings);
void judge_elections(const struct daemon_facts *facts, struct findings *findings);
void judge_clock(const struct report *report, const struct daemon_facts *facts,
                 struct findings *findings);
void judge_network(const struct network_report *network, struct findings *findings);
void judge_redis(const struct redis_report *redis, const struct redis_report *before,
                 const struct daemon_facts *facts, struct findings *findings);

#endif

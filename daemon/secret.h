/*
 * Secrets, which come from files only.
 */
#ifndef LEADERD_DAEMON_SECRET_H
#define LEADERD_DAEMON_SECRET_H

#include "lib/base/problem.h"

enum { SECRET_MAX = 4096 };

/* Reads a secret: the file's content without the newline at its end, 1..SECRET_MAX bytes without
 * NUL. A relative path is looked up in $CREDENTIALS_DIRECTORY when systemd has set it. NULL with a
 * problem that names the file and never its content. End with secret_free(). */
char *secret_read(const char *path, struct problem *problem) must_use;

/* Wipes and frees; NULL is accepted. */
void secret_free(char *secret);

#endif

/*
 * Secrets, which come from files only, and the other files that a configuration names.
 */
#ifndef LEADERD_DAEMON_SECRET_H
#define LEADERD_DAEMON_SECRET_H

#include "lib/base/problem.h"

enum { SECRET_MAX = 4096 };

/* Reads a secret: the file's content without the newline at its end, 1..SECRET_MAX bytes without
 * NUL. A relative path is looked up in $CREDENTIALS_DIRECTORY when systemd has set it. NULL with a
 * problem that names the file and never its content. `open_to_others`: may users outside the file's
 * group read it? End with secret_free(). */
char *secret_read(const char *path, bool *open_to_others, struct problem *problem) must_use;

/* Can the file be read? Whoever uses it reads it later. */
bool file_check(const char *path, bool *open_to_others, struct problem *problem) must_use;

/* Wipes and frees; NULL is accepted. */
void secret_free(char *secret);

#endif

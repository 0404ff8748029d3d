/* SPDX-License-Identifier: MIT
 * logring.h -- the newest lines of the log, in memory that all processes of this host share. */
#ifndef HUMAN_LOGRING_H
#define HUMAN_LOGRING_H
#include <stddef.h>

int logring_share(void); /* the supervisor, before its first fork: 0, or -1 with errno */
void logring_add(const char *line, size_t n); /* with its newline; nothing without logring_share() */
#endif

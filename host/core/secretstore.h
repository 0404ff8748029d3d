/* SPDX-License-Identifier: MIT
 * secretstore.h -- secrets stored sealed in the home (`human secret`): HOME/secrets.sealed, one line
 * each. */
#ifndef HUMAN_SECRETSTORE_H
#define HUMAN_SECRETSTORE_H
#include <stdbool.h>
#include <stddef.h>

enum { SECRETSTORE_NAME = 64, SECRETSTORE_VALUE_MAX = 64 << 10, SECRETSTORE_MAX = 200 };

bool secretstore_is_name(const char *name); /* a-z, 0-9 and _ */

/* The value, valid until the next call; NULL: no such
 * secret, or it cannot be opened (logged once). */
const char *secretstore_value(const char *name);
void secretstore_forget(void); /* wipes the last value */

/* 0, or -1 and "what: why".  Takes effect in all processes at once. */
int secretstore_set(const char *name, const char *value, size_t n, char *why, size_t why_n);
int secretstore_remove(const char *name, char *why, size_t why_n); /* 1: there was none */
int secretstore_reseal(char *why, size_t why_n);                   /* all of them, with the newest key */

/* Calls fn for each, sorted.  state: "ok", or why it does not open. */
int secretstore_each(void (*fn)(const char *name, const char *state), char *why, size_t why_n);
#endif

/* SPDX-License-Identifier: MIT
 * confextra.h -- settings that C does not define: kept as given, for the scripts that define them
 * (config.define).  Lua validates them, and reports those that nobody defines.
 *
 * Those from the settings file belong to a generation of scripts and travel in its bundle, as a
 * list of entries: name, type, text and source, each ending with NUL. */
#ifndef HUMAN_CONFEXTRA_H
#define HUMAN_CONFEXTRA_H
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/confjson.h"

typedef struct {
  const char *name, *text, *source;
  int type; /* a confjson_type, or CONFEXTRA_WORD: a variable or a flag, which has no type */
} confextra;

enum { CONFEXTRA_WORD = -1, CONFEXTRA_BYTES_MAX = 512 << 10 };

/* ---- collecting, while settings are loaded ---- */
void confextra_clear(void);
void confextra_flag(const char *name, const char *text); /* --set */
void confextra_variable(const char *name); /* HUMAN_... that is no setting of C's */
/* NULL, or where it was already set. */
const char *confextra_add(buf *entries, const confextra *e);

/* ---- asking ---- */
/* The next entry of a list; false at the end, and at anything malformed. */
bool confextra_next(const char **at, const char *end, confextra *e);
bool confextra_each_flag(size_t i, confextra *e);
const char *confextra_each_variable(size_t i);

/* The value of `name` in this process: from a flag, else a variable, else the entries. */
bool confextra_find(const char *entries, size_t n, const char *name, const char *variable, confextra *e);

/* Secrets are looked up in these entries from now on
 * (confpack_secret); the caller keeps owning them. */
void confextra_use(const char *entries, size_t n);
/* Adds a second variable that a secret may come from.  -1: there are too many. */
int confextra_alias(const char *name, const char *variable);
const char *confextra_secret(const char *name); /* its value; NULL: not given */
#endif

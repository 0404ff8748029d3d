/* SPDX-License-Identifier: MIT
 * secretfill.h -- texts of scripts in which C replaces ${secret:NAME} and ${sealed:NAME}, so that Lua never
 * holds a secret.  For requests (fetch/fetchspec.h) and the environment of programs (server/brokerspec.h). */
#ifndef HUMAN_SECRETFILL_H
#define HUMAN_SECRETFILL_H
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

typedef struct {
  int used;         /* how many were replaced */
  const char *name; /* the one that is not to be had, within the text; NULL: its } is missing */
  size_t n;
  bool sealed;
} secretfill;

/* Appends text; `out` has a maximum and is never moved, which would leave a copy behind.  0, HOST_ELIMIT, or
 * HOST_EDENIED (see the fields; with `none`, at the first one).  Who frees `out` overwrites it first. */
int secretfill_add(secretfill *f, buf *out, const char *p, size_t n, bool none);
#endif

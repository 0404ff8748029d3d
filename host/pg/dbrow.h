/* SPDX-License-Identifier: MIT
 * dbrow.h -- packs the server's results for Lua: rows typed by column, and errors. */
#ifndef HUMAN_DBROW_H
#define HUMAN_DBROW_H
#include <libpq-fe.h>
#include <stdint.h>

#include "core/buf.h"

enum { DBROWS_MAX = 8 << 20 };

typedef struct {
  buf b;      /* packed rows, concatenated */
  uint32_t n; /* their number */
} dbrows;

void dbrows_init(dbrows *r);
void dbrows_reset(dbrows *r);
void dbrows_free(dbrows *r);
int dbrows_add(dbrows *r, const PGresult *res); /* all rows of res; -1: over DBROWS_MAX */

/* {code, message, detail, constraint, column, table},
 * without those that the server did not send. */
int dbrow_error(const PGresult *res, buf *out);
int dbrow_refusal(const char *sqlstate, const char *message, buf *out); /* the same, our own */
#endif

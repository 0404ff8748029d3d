/* SPDX-License-Identifier: MIT
 * dbstmt.h -- the prepared statements of one connection; the least recently used is evicted first. */
#ifndef HUMAN_DBSTMT_H
#define HUMAN_DBSTMT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DBSTMT_MAX = 256, DBSTMT_BUCKETS = 512, DBSTMT_DROPS = 64 };

typedef struct dbstmt dbstmt;
typedef struct {
  dbstmt *bucket[DBSTMT_BUCKETS];
  dbstmt *newest, *oldest;
  int count;
  uint32_t serial;             /* names are never used twice on a connection */
  uint32_t drop[DBSTMT_DROPS]; /* evicted, not yet deallocated on the server */
  int drops;
  bool drop_all;               /* too many for `drop`: deallocate all at the next chance */
} dbstmts;

/* The serial of a prepared text, or 0; marks it as used. */
uint32_t dbstmts_find(dbstmts *s, const char *sql, size_t n, uint32_t hash);
/* Adds a text that is being prepared; evicts one when full.
 * Its serial, or 0 when out of memory. */
uint32_t dbstmts_add(dbstmts *s, const char *sql, size_t n, uint32_t hash);
/* The statement does not exist on the server, or is out of
 * date; on_server: it must be deallocated. */
void dbstmts_forget(dbstmts *s, uint32_t serial, bool on_server);
void dbstmts_drop_all(dbstmts *s); /* forgets all; drop_all then deallocates them */
void dbstmts_clear(dbstmts *s); /* for a new session, which has none */

enum { DBSTMT_NAME = 16 };
void dbstmt_name(uint32_t serial, char out[DBSTMT_NAME]);
#endif

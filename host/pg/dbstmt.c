/* SPDX-License-Identifier: MIT
 * dbstmt.c -- see dbstmt.h.  A hash table whose entries also form a list by last use. */
#include "pg/dbstmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dbstmt {
  dbstmt *chain;         /* in its bucket */
  dbstmt *newer, *older;
  uint32_t hash, serial;
  size_t n;
  char sql[];
};

static void unlink_age(dbstmts *s, dbstmt *e) {
  if (e->newer) e->newer->older = e->older;
  else s->newest = e->older;
  if (e->older) e->older->newer = e->newer;
  else s->oldest = e->newer;
}

static void link_newest(dbstmts *s, dbstmt *e) {
  e->newer = NULL;
  e->older = s->newest;
  if (s->newest) s->newest->newer = e;
  else s->oldest = e;
  s->newest = e;
}

static void remove_entry(dbstmts *s, dbstmt *e) {
  dbstmt **at = &s->bucket[e->hash % DBSTMT_BUCKETS];
  while (*at != e) at = &(*at)->chain;
  *at = e->chain;
  unlink_age(s, e);
  s->count--;
  free(e);
}

static void drop_later(dbstmts *s, uint32_t serial) {
  if (s->drops == DBSTMT_DROPS) s->drop_all = true;
  else s->drop[s->drops++] = serial;
}

uint32_t dbstmts_find(dbstmts *s, const char *sql, size_t n, uint32_t hash) {
  dbstmt *e = s->bucket[hash % DBSTMT_BUCKETS];
  while (e && (e->hash != hash || e->n != n || memcmp(e->sql, sql, n) != 0)) e = e->chain;
  if (!e) return 0;
  if (e != s->newest) {
    unlink_age(s, e);
    link_newest(s, e);
  }
  return e->serial;
}

uint32_t dbstmts_add(dbstmts *s, const char *sql, size_t n, uint32_t hash) {
  dbstmt *e = malloc(sizeof *e + n);
  if (!e) return 0;
  if (s->count == DBSTMT_MAX) {
    drop_later(s, s->oldest->serial);
    remove_entry(s, s->oldest);
  }
  if (++s->serial == 0) s->serial = 1;
  e->hash = hash;
  e->serial = s->serial;
  e->n = n;
  memcpy(e->sql, sql, n);
  e->chain = s->bucket[hash % DBSTMT_BUCKETS];
  s->bucket[hash % DBSTMT_BUCKETS] = e;
  link_newest(s, e);
  s->count++;
  return e->serial;
}

void dbstmts_forget(dbstmts *s, uint32_t serial, bool on_server) {
  dbstmt *e = s->newest;
  while (e && e->serial != serial) e = e->older;
  if (!e) return;
  if (on_server) drop_later(s, serial);
  remove_entry(s, e);
}

void dbstmts_drop_all(dbstmts *s) { s->drop_all = s->count > 0; }

void dbstmts_clear(dbstmts *s) {
  for (dbstmt *e = s->oldest, *next; e; e = next) {
    next = e->newer;
    remove_entry(s, e);
  }
  s->drops = 0;
  s->drop_all = false;
}

void dbstmt_name(uint32_t serial, char out[DBSTMT_NAME]) {
  snprintf(out, DBSTMT_NAME, "h%u", serial);
}

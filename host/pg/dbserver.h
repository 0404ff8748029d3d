/* SPDX-License-Identifier: MIT
 * dbserver.h -- the PostgreSQL servers that database.url may refer to, one entry per address, and the
 * condition of each by its last attempts and statements.  Conditions are HOST_DB_* (host_api.h). */
#ifndef HUMAN_DBSERVER_H
#define HUMAN_DBSERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/op.h"

enum { DBSERVER_WHY = 240 };

typedef struct {
  char host[256], addr[64], port[16]; /* as libpq wants them; addr "": none */
  char why[DBSERVER_WHY];
  int condition;
  bool hung;           /* the last attempt ended by time, not by an answer */
  bool crowded;        /* .. because all connections are taken */
  uint64_t noted_at;   /* loop time, ms */
  uint64_t heard;      /* counts answers */
  uint64_t condemned;  /* .. the count at which it was found to be stuck; 0: it was not */
  int tries, ready;    /* connections that are being made; that can be used */
} dbserver;

/* The entry of an address; the one that was looked at longest ago makes way when there is no room. */
dbserver *dbserver_get(const char *host, const char *addr, const char *port);
void dbserver_note(dbserver *s, int condition, const char *why);
void dbserver_name(const dbserver *s, char *out, size_t n); /* for people: host:port */
/* What libpq's (verbose) message means: a condition, and its sentence without code and position. */
int dbserver_classify(const char *message, char *why, size_t n, bool *crowded);
/* Of all that were tried of late: the condition that says most, and what each of them said. */
int dbserver_summary(char *why, size_t n);
const char *dbserver_condition_name(int condition);
void dbserver_forget_all(void);
#endif

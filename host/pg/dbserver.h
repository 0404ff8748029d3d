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
  bool hung;           /* the last attempt timed out without an answer */
  bool crowded;        /* .. or was refused, because all connections are taken */
  uint64_t noted_at;   /* loop time, ms */
  uint64_t heard;      /* counts answers */
  uint64_t condemned;  /* .. that count when it was found to be stuck; 0: never */
  int tries, ready;    /* connections being established; ready for use */
} dbserver;

/* The entry of an address; replaces the least recently noted one when the table is full. */
dbserver *dbserver_get(const char *host, const char *addr, const char *port);
void dbserver_note(dbserver *s, int condition, const char *why);
void dbserver_name(const dbserver *s, char *out, size_t n); /* for people: host:port */
/* The condition behind libpq's (verbose) message; `why` gets its text without code and position. */
int dbserver_classify(const char *message, char *why, size_t n, bool *crowded);
/* Of all servers tried lately: the most telling condition, and the reason that each gave. */
int dbserver_summary(char *why, size_t n);
const char *dbserver_condition_name(int condition);
void dbserver_forget_all(void);
#endif

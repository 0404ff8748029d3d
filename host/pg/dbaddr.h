/* SPDX-License-Identifier: MIT
 * dbaddr.h -- where PostgreSQL is: database.url and database.direct_url, their host names resolved
 * off the loop.  PQconnectStart() would block while it resolves names, and has a single timeout for
 * all hosts; so it gets one address at a time. */
#ifndef HUMAN_DBADDR_H
#define HUMAN_DBADDR_H
#include <libpq-fe.h>
#include <stdint.h>

#include "pg/dbserver.h"

/* The direct route is past a pooler; without database.direct_url it is the main one. */
typedef enum { DBADDR_MAIN, DBADDR_DIRECT } dbaddr_route;
enum { DBADDR_LIST = 16 };
typedef struct { dbserver *at[DBADDR_LIST]; int n; } dbaddr_list;

int dbaddr_init(void); /* reads the settings; -1: database.url is empty or malformed (logged) */
void dbaddr_stop(void);
int dbaddr_hosts(dbaddr_route route);        /* how many hosts the URL names; at least one */
int dbaddr_first(dbaddr_route route);        /* which of them is tried first */
uint64_t dbaddr_limit_ms(dbaddr_route route); /* for one address to answer */

/* Calls done(arg, epoch, addresses, NULL) from the loop, or before it returns when there is nothing to
 * look up; or done(arg, epoch, NULL, why). */
typedef void dbaddr_done(void *arg, unsigned epoch, const dbaddr_list *found, const char *failure);
void dbaddr_resolve(dbaddr_route route, int host, void *arg, unsigned epoch, dbaddr_done *done);
PGconn *dbaddr_connect(dbaddr_route route, const dbserver *s); /* PQconnectStart; NULL: no memory */
#endif

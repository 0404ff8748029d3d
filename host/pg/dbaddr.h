/* SPDX-License-Identifier: MIT
 * dbaddr.h -- where PostgreSQL is: database.url and database.direct_url, whose host names are
 * resolved off the loop.  PQconnectStart() would block while it resolves names, and has a single
 * timeout for all hosts; so it gets one address at a time. */
#ifndef HUMAN_DBADDR_H
#define HUMAN_DBADDR_H
#include <libpq-fe.h>
#include <stdint.h>

#include "pg/dbserver.h"

/* The direct route bypasses a pooler; without database.direct_url it equals the main route. */
typedef enum { DBADDR_MAIN, DBADDR_DIRECT } dbaddr_route;
enum { DBADDR_LIST = 16 };
typedef struct { dbserver *at[DBADDR_LIST]; int n; } dbaddr_list;

int dbaddr_init(void); /* reads the settings; -1: database.url is empty or malformed (logged) */
void dbaddr_stop(void);
int dbaddr_hosts(dbaddr_route route);        /* the number of hosts in the URL; at least one */
int dbaddr_first(dbaddr_route route);        /* the one to try first */
uint64_t dbaddr_limit_ms(dbaddr_route route); /* for one address to answer */

/* Calls done(arg, epoch, addresses, NULL) from the loop, or before it returns if there is nothing
 * to resolve; on failure done(arg, epoch, NULL, why). */
typedef void dbaddr_done(void *arg, unsigned epoch, const dbaddr_list *found, const char *failure);
void dbaddr_resolve(dbaddr_route route, int host, void *arg, unsigned epoch, dbaddr_done *done);
PGconn *dbaddr_connect(dbaddr_route route, const dbserver *s); /* PQconnectStart; NULL: no memory */
#endif

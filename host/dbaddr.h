/* SPDX-License-Identifier: MIT
 * dbaddr.h -- where PostgreSQL is: the setting database.url, its host names resolved off the loop.
 * PQconnectStart() would look names up itself and block meanwhile, so it is given addresses. */
#ifndef HUMAN_DBADDR_H
#define HUMAN_DBADDR_H
#include <libpq-fe.h>

int dbaddr_init(void); /* reads the settings; -1: database.url is empty or malformed (logged) */
void dbaddr_stop(void);

/* Calls done(arg, epoch, failure) from the loop, or before it returns when there is nothing to look
 * up.  failure: NULL, or why no address was found; otherwise dbaddr_connect() may be called now. */
typedef void dbaddr_done(void *arg, unsigned epoch, const char *failure);
void dbaddr_resolve(void *arg, unsigned epoch, dbaddr_done *done);
PGconn *dbaddr_connect(void); /* PQconnectStart to the addresses found last; NULL: no memory */
#endif

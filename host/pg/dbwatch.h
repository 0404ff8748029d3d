/* SPDX-License-Identifier: MIT
 * dbwatch.h -- the health of the database, by the results of statements and by probes on idle
 * connections.  A probe writes nothing. */
#ifndef HUMAN_DBWATCH_H
#define HUMAN_DBWATCH_H
#include "pg/dbconn.h"

void dbwatch_start(void);
void dbwatch_stop(void);
void dbwatch_add(dbconn *c);     /* look after it until dbwatch_stop() */
/* A statement was refused; message: the server's. */
void dbwatch_met(dbconn *c, const char *sqlstate, const char *message);
/* What one connection has found out holds for all to that server: they are closed. */
void dbwatch_condemn(dbserver *s, int condition, const char *why);
int dbwatch_state(char *why, size_t n); /* HOST_DB_*; why: in words, empty when it is up */
void dbwatch_changed(void);      /* a connection has become ready, or broken: tell the log */
bool dbwatch_starved(void);      /* there are none, for others have taken all */
bool dbwatch_migration_waits(void); /* for a connection, because all are taken */
int dbwatch_ready(void);         /* how many of the pool's connections are ready */
#endif

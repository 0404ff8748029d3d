/* SPDX-License-Identifier: MIT
 * dbwatch.h -- the health of the database, by the results of statements and by probes on idle
 * connections.  A probe writes nothing. */
#ifndef HUMAN_DBWATCH_H
#define HUMAN_DBWATCH_H
#include "pg/dbconn.h"

void dbwatch_start(void);
void dbwatch_stop(void);
void dbwatch_add(dbconn *c);     /* watches it until dbwatch_stop() */
/* A statement was refused with the server's message. */
void dbwatch_met(dbconn *c, const char *sqlstate, const char *message);
/* What one connection found out applies to all of that server: closes them. */
void dbwatch_condemn(dbserver *s, int condition, const char *why);
int dbwatch_state(char *why, size_t n); /* HOST_DB_*; why: the reason, "" when it is up */
void dbwatch_changed(void);      /* a connection is ready or broken: log a change of state */
bool dbwatch_starved(void);      /* this worker has none: others have taken all */
bool dbwatch_migration_waits(void); /* for a connection, because all are taken */
int dbwatch_ready(void);         /* the number of ready connections in the pool */
#endif

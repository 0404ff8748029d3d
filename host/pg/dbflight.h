/* SPDX-License-Identifier: MIT
 * dbflight.h -- between dbconn.c and dbflight.c: what is on the wire of one connection.  The last is for db.c. */
#ifndef HUMAN_DBFLIGHT_H
#define HUMAN_DBFLIGHT_H
#include "pg/dbconn.h"

void dbflight_ready(dbconn *c, bool readable); /* the socket is */
void dbflight_pump(dbconn *c);                 /* send what waits, as far as nothing is in the way */
int dbconn_watch(dbconn *c, int events);       /* UV_READABLE | UV_WRITABLE; -1: impossible */
void dbflight_stop(void);                      /* nothing is sent any more */
#endif

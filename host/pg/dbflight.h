/* SPDX-License-Identifier: MIT
 * dbflight.h -- the jobs in flight on one connection. */
#ifndef HUMAN_DBFLIGHT_H
#define HUMAN_DBFLIGHT_H
#include "pg/dbconn.h"

void dbflight_post(dbconn *c, dbjob *j);       /* sends it when this turn of the loop ends */

/* For dbconn.c. */
void dbflight_ready(dbconn *c, bool readable); /* the socket is */
void dbflight_pump(dbconn *c);                 /* send what waits, as far as nothing is in the way */

/* For db.c. */
void dbflight_stop(void);                      /* nothing is sent any more */
#endif

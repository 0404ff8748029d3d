/* SPDX-License-Identifier: MIT
 * dbflight.h -- the jobs in flight on one connection. */
#ifndef HUMAN_DBFLIGHT_H
#define HUMAN_DBFLIGHT_H
#include "pg/dbconn.h"

void dbflight_post(dbconn *c, dbjob *j);       /* sends it at the end of this turn of the loop */

/* For dbconn.c. */
void dbflight_ready(dbconn *c, bool readable); /* of the socket */
void dbflight_pump(dbconn *c);                 /* sends pending jobs, if nothing prevents that */

/* For db.c. */
void dbflight_stop(void);                      /* sends nothing more */
#endif

/* SPDX-License-Identifier: MIT
 * dbcancel.h -- cancel requests: libpq blocks while it sends one, so each gets its own thread. */
#ifndef HUMAN_DBCANCEL_H
#define HUMAN_DBCANCEL_H
#include "pg/dbconn.h"

/* Sends one; later calls dbconn_cancelled(c, epoch) from the loop.  -1: too many are in flight. */
int dbcancel_start(dbconn *c);
void dbcancel_stop(void);
#endif

/* SPDX-License-Identifier: MIT
 * dbsetup.h -- the session settings that a connection needs before use: set after connecting, and
 * verified, since a pooler may be in between. */
#ifndef HUMAN_DBSETUP_H
#define HUMAN_DBSETUP_H
#include "pg/dbconn.h"

/* Sets and verifies, in one round trip; ends with dbconn_accept() or dbconn_give_up(). */
void dbsetup_begin(dbconn *c);
/* Checks again that the session is ours and accepts writes; ends with dbconn_break() if not. */
void dbsetup_probe(dbconn *c);
int dbsetup_again(const dbconn *c, dbjob *j); /* after RESET ALL: adds the settings as a step */
void dbsetup_swapped(dbconn *c); /* it has found another client's session */
bool dbsetup_pooled(const dbconn *c); /* behind a transaction pooler */
/* The statement that must begin each transaction there. */
const char *dbsetup_local(void);
#endif

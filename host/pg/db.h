/* SPDX-License-Identifier: MIT
 * db.h -- the database of a worker; Lua's side is host_db_* in host_api.h. */
#ifndef HUMAN_DB_H
#define HUMAN_DB_H

int db_init(void); /* 0, or -1; connects later */
void db_stop(void);
#endif

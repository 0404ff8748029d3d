/* SPDX-License-Identifier: MIT
 * relay.h -- a connection that another worker handles, at the other end of a local stream. */
#ifndef HUMAN_RELAY_H
#define HUMAN_RELAY_H
#include "net/conn.h"

int relay_open(conn *c, int fd); /* owns fd; 0, or -1: nothing has changed */
void relay_begin(conn *c);       /* the other worker has what was read so far: relay the rest */
void relay_close(conn *c);
int relay_count(void);           /* connections being relayed */
#endif

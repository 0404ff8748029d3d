/* SPDX-License-Identifier: MIT
 * ws.h -- what conn.c asks of the WebSocket on a connection. */
#ifndef HUMAN_WS_H
#define HUMAN_WS_H
#include "net/conn.h"

/* Parse; how many bytes were taken: fewer when events have to wait. */
size_t ws_feed(conn *c, char *p, size_t n);
bool ws_wants_reading(const ws *w);
void ws_drained(ws *w);  /* everything is written */
void ws_expire(ws *w);   /* the deadline has passed: ping, give up, or look again later */
void ws_end_of_input(conn *c); /* the client sends no more, without a close frame */
void ws_lost(conn *c);   /* the connection is closed: WS_CLOSE 1006, and it is freed */
void ws_shutdown(ws *w); /* the host stops: close 1001 */
host_id ws_id(const ws *w); /* 0 for NULL */
#endif

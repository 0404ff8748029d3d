/* SPDX-License-Identifier: MIT
 * serve.h -- HTTP on a connection: reads requests one after the other, and reports them to Lua. */
#ifndef HUMAN_SERVE_H
#define HUMAN_SERVE_H
#include "net/conn.h"

extern const conn_service serve_http; /* for conn_init() */

void serve_go_on(request *r); /* its body is wanted: 100 Continue if the client waits for it */
void serve_answered(conn *c, bool keep); /* the request in flight is done: continue with the next */
#endif

/* SPDX-License-Identifier: MIT
 * request.h -- one request, from its first byte until it is answered. */
#ifndef HUMAN_REQUEST_H
#define HUMAN_REQUEST_H
#include <stdbool.h>

#include "core/buf.h"
#include "core/op.h"
#include "core/peer.h"
#include "http/http1.h"
#include "http/respond.h"
#include "net/conn.h"

typedef enum { REQ_READING, REQ_IN_FLIGHT, REQ_UPLOADING, REQ_STREAMING } req_state;

typedef struct transfer transfer;

typedef struct joined {
  struct joined *next;
  int first;          /* index of the first header of that name */
  size_t n;
  char p[];
} joined;

struct request {
  op o;
  conn *c;            /* NULL: the client is gone */
  request *next;      /* among the retired or the spare */
  req_state state;
  bool unread;        /* its body was not read, or not all of it: nothing can follow it */
  bool body_timed;    /* the deadline is that of its body */
  bool chunked;       /* the streamed answer is */
  bool silent;        /* the streamed answer has no body: HEAD, 204, 304 */
  bool keep;          /* the connection stays when the streamed answer is complete */
  peer peer;
  uint8_t from;       /* of its connection, */
  bool secure;        /* and so is this */
  char address[PEER_TEXT]; /* of the peer, once host_peer() has made it */
  buf text;           /* what host_headers() gave out */
  size_t charged;     /* of its body; see conn_charge() */
  struct upload *upload; /* its body goes to disk */
  joined *joined;     /* what host_header had to put together */
  transfer *transfer; /* which sends the rest of the answer */
  http1 h;            /* last: it is large, and not cleared */
};

request *request_new(conn *c);
void request_cancel(op *o);
void request_retire(request *r); /* closes its op; its memory lives until .. */
void request_bury(void);         /* .. this, at the end of the turn */

/* For those who answer with other bodies than Lua's: one that has no answer yet, or NULL; what its head has
 * in common with all others (0, or an error); and that all of it is queued. */
request *request_in_flight(host_id id);
int request_begin(request *r, int status, const host_str *headers, respond_spec *s);
void request_answered(request *r, bool keep);
#endif

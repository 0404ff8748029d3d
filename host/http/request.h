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
  request *next;      /* in the list of retired or spare ones */
  req_state state;
  bool unread;        /* its body was not read to the end: no request can follow */
  bool body_timed;    /* the deadline is for its body */
  bool chunked;       /* the streamed answer is chunked */
  bool silent;        /* the streamed answer has no body: HEAD, 204, 304 */
  bool keep;          /* keep the connection after the streamed answer */
  peer peer;
  uint8_t from;       /* CONN_TRUSTED .., of its connection */
  bool secure;        /* of its connection */
  char address[PEER_TEXT]; /* of the peer, once host_peer() has formatted it */
  buf text;           /* what host_headers() returned */
  size_t charged;     /* for its body; see conn_charge() */
  struct upload *upload; /* its body goes to disk */
  joined *joined;     /* header values that host_header() joined */
  transfer *transfer; /* sends the rest of the answer */
  http1 h;            /* last, because it is large and not cleared */
};

request *request_new(conn *c);
void request_cancel(op *o);
void request_retire(request *r); /* closes its op; its memory lives until .. */
void request_bury(void);         /* .. this, at the end of the turn */

/* For answers whose body does not come from Lua: find a request without an answer (or NULL); fill
 * in what all heads have in common (0, or an error); report that everything is queued. */
request *request_in_flight(host_id id);
int request_begin(request *r, int status, const host_str *headers, respond_spec *s);
void request_answered(request *r, bool keep);
#endif

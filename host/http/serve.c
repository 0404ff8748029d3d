/* SPDX-License-Identifier: MIT
 * serve.c -- see serve.h.  Owns: nothing but the time that a request may take to arrive.
 *
 * Must never: read the next request before the last one is answered, or drop one whose client has
 * disconnected: it lives until it is answered. */
#include "http/serve.h"

#include <string.h>

#include "core/op.h"
#include "http/refusal.h"
#include "http/request.h"
#include "http/respond.h"
#include "http/transfer.h"
#include "http/upload.h"
#include "http/uploadspec.h"
#include "net/conn.h"
#include "net/wheel.h"

enum { LATE_MS = 1000 };
_Static_assert((int)REFUSAL_ROOM <= (int)CONN_OVERLOAD, "a refusal must fit");

/* An upload counts as in flight only once its body has been read. */
static bool is_busy(const conn *c) {
  if (!c->req || c->req->state == REQ_READING) return false;
  return c->req->state != REQ_UPLOADING || upload_is_read(c->req);
}

static bool is_idle(const conn *c) {
  return !is_busy(c) && !(c->req && http1_begun(&c->req->h));
}

static bool wants_reading(const conn *c) {
  return conn_held(c) < conn_limit()->head_bytes;
}

static host_id id_of(const conn *c) {
  return c->req ? c->req->o.id : 0;
}

/* ---- reading requests ---- */

static void request_ready(conn *c) {
  request *r = c->req;
  const http1 *h = &r->h;
  if (c->redirects) return respond_redirect(c);
  host_id id = op_open(&r->o, OP_REQUEST, 0, request_cancel);
  if (id < 0) return respond_refuse(c, 503);
  int status = h->method | c->listener << 8 | (h->websocket ? HOST_RQ_WEBSOCKET : 0) |
               (h->has_body ? HOST_RQ_BODY : 0) | (c->secure ? HOST_RQ_TLS : 0) |
               (c->from & CONN_INNER ? HOST_RQ_INNER : 0) | (r->unread ? HOST_RQ_AHEAD : 0);
  r->state = REQ_IN_FLIGHT;
  c->timed = false;
  c->deadline = 0;
  if (op_push(HOST_EV_REQUEST, status, id, 0, h->head.p + h->target, h->target_n) < 0) {
    r->state = REQ_READING; /* Lua has not seen it */
    respond_refuse(c, 503);
  }
}

/* The first byte starts the deadline of the head, the end of the head that of the body, which grows
 * in proportion for bodies allowed to exceed the usual limit. */
static void time_request(conn *c) {
  request *r = c->req;
  const conn_limits *l = conn_limit();
  if (!http1_in_body(&r->h)) {
    if (!c->timed && http1_begun(&r->h)) conn_deadline(c, l->head_ms, true);
  } else if (!r->body_timed) {
    uint64_t times = r->h.body_max / l->body_bytes;
    r->body_timed = true;
    conn_deadline(c, l->body_ms * (times ? times : 1), true);
  }
}

void serve_go_on(request *r) {
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  const http1 *h = &r->h;
  if (!h->expect || (!h->chunked && h->left > h->body_max)) return;
  char *p = conn_out(r->c, sizeof go_on - 1);
  if (!p) return;
  memcpy(p, go_on, sizeof go_on - 1);
  r->c->out.n += sizeof go_on - 1;
}

/* The head is complete; `more` bytes came with it. */
static void head_arrived(conn *c, size_t more) {
  c->req->h.body_max = respond_body_max(&c->req->h);
  if (!more) serve_go_on(c->req);
}

/* Could the body be an upload?  Then Lua decides before any of it is read. */
static bool is_told_ahead(const request *r) {
  const http1 *h = &r->h;
  return h->has_body && !r->c->redirects && uploadspec_is_path(h->head.p + h->target, h->target_n);
}

static size_t feed_request(conn *c, const char *p, size_t n) {
  http1 *h = &c->req->h;
  size_t used = 0, k;
  int r;
  while ((r = http1_feed(h, p + used, n - used, &k)) == HTTP1_HEAD) {
    used += k;
    c->req->unread = is_told_ahead(c->req);
    if (c->req->unread) {
      request_ready(c);
      return used;
    }
    head_arrived(c, n - used);
  }
  if (!conn_charge(&c->req->charged, h->body.cap)) respond_refuse(c, 503);
  else if (r == HTTP1_DONE) request_ready(c);
  else if (r == HTTP1_MORE) time_request(c);
  else respond_refuse(c, r);
  return used + k;
}

static size_t feed(conn *c, char *p, size_t n) {
  size_t used = 0;
  while (used < n && c->state == CONN_OPEN && !is_busy(c)) {
    if (conn_queued(c) > CONN_DRAIN_HIGH) {
      c->want_room = true;
      break;
    }
    if (conn_pause(c)) break;
    if (!c->req) c->req = request_new(c);
    if (!c->req) {
      respond_refuse(c, 503);
      break;
    }
    if (c->req->state != REQ_UPLOADING) used += feed_request(c, p + used, n - used);
    else if (upload_wants(c->req)) used += upload_feed(c->req, p + used, n - used);
    else break;
  }
  return used;
}

/* It is no upload: read the body as usual, and report the request again when it is complete. */
int host_body_wait(host_id id) {
  request *r = (request *)op_find(id, OP_REQUEST);
  if (!r) return HOST_EGONE;
  if (!r->unread || r->state != REQ_IN_FLIGHT) return HOST_EINVAL;
  conn *c = r->c;
  r->unread = false;
  op_close(&r->o);
  if (!c) {
    request_retire(r);
    return HOST_EGONE;
  }
  r->state = REQ_READING;
  head_arrived(c, conn_held(c));
  time_request(c);
  conn_pump(c);
  return 0;
}

/* ---- deadlines and ends ---- */

static void expire(conn *c) {
  bool uploads = c->req && c->req->state == REQ_UPLOADING;
  if (uploads && upload_late(c->req)) return;
  if (uploads || conn_is_paused(c)) c->deadline = conn_now() + LATE_MS; /* the delay is ours */
  else if (c->state == CONN_OPEN && c->timed) respond_refuse(c, 408);
  else conn_part(c);
}

static void tell_abort(conn *c) {
  op_push(HOST_EV_ABORT, 0, c->req->o.id, 0, NULL, 0);
}

static void end(conn *c) {
  conn_finish(c, false);
}

static void lost(conn *c) {
  request *r = c->req;
  if (!r) return;
  bool uploads = r->state == REQ_UPLOADING;
  if (uploads || (is_busy(c) && !c->eof && !r->transfer)) tell_abort(c);
  c->req = NULL;
  r->c = NULL;
  if (r->transfer) {
    transfer_lost(r->transfer);
    return;
  }
  if (uploads) upload_lost(r);
  if (r->state == REQ_READING) request_retire(r);
}

static void drained(conn *c) {
  if (c->req && c->req->transfer) transfer_go_on(c->req->transfer);
}

void serve_answered(conn *c, bool keep) {
  c->req = NULL;
  if (!keep) return conn_finish(c, false);
  c->deadline = conn_now() + conn_limit()->idle_ms;
  wheel_schedule(c);
  conn_pump(c);
}

static void not_tls(conn *c) {
  respond_refuse(c, REFUSAL_PLAIN);
}

const conn_service serve_http = {
    .talk = {.feed = feed, .wants_reading = wants_reading, .is_busy = is_busy, .is_idle = is_idle,
             .id = id_of, .expire = expire, .abort = tell_abort, .end = end, .lost = lost, .drained = drained,
             .finish = lost},
    .not_tls = not_tls,
    .overload = respond_overload,
};

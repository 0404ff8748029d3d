/* SPDX-License-Identifier: MIT
 * request.c -- Lua's view of a request: its headers, body and peer; answering it, or passing it on.
 *
 * Owns: the memory of requests, some of it spare.  Returned pointers stay
 * valid until the end of the turn. Must never: answer twice, or drop a
 * request whose client has disconnected: answering that one frees it. */
#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pack.h"
#include "http/respond.h"
#include "http/serve.h"
#include "http/upload.h"
#include "net/conn.h"
#include "net/pass.h"

enum { SPARE_REQUESTS = 64, SPARE_HEAD = 4096 };

static request *retired, *spare;
static int n_spare;

/* A request that a file is being sent for is out of Lua's reach. */
static request *find(host_id id) {
  request *r = (request *)op_find(id, OP_REQUEST);
  return r && r->transfer ? NULL : r;
}

request *request_in_flight(host_id id) {
  request *r = find(id);
  return r && r->state == REQ_IN_FLIGHT ? r : NULL;
}

/* ---- its memory ---- */

request *request_new(conn *c) {
  request *r = spare;
  if (r) {
    spare = r->next;
    n_spare--;
  } else {
    r = calloc(1, sizeof *r);
    if (!r) return NULL;
  }
  memset(r, 0, offsetof(request, h));
  http1_start(&r->h, conn_limit()->head_bytes, conn_limit()->body_bytes);
  r->c = c;
  r->peer = c->peer;
  r->from = c->from;
  r->secure = c->secure;
  return r;
}

void request_retire(request *r) {
  if (r->o.id) op_close(&r->o);
  if (r->upload) upload_forget(r->upload);
  r->upload = NULL;
  r->next = retired;
  retired = r;
}

void request_cancel(op *o) {
  request *r = (request *)o;
  conn *c = r->c;
  op_done(o, HOST_ECANCELED, NULL, 0);
  if (c) c->req = NULL;
  request_retire(r);
  if (c) conn_close(c);
}

static void release_texts(request *r) {
  buf_free(&r->text);
  buf_free(&r->h.body);
  conn_charge(&r->charged, 0);
  while (r->joined) {
    joined *j = r->joined;
    r->joined = j->next;
    free(j);
  }
}

void request_bury(void) {
  while (retired) {
    request *r = retired;
    retired = r->next;
    release_texts(r);
    if (n_spare >= SPARE_REQUESTS || r->h.head.cap > SPARE_HEAD) {
      http1_free(&r->h);
      free(r);
      continue;
    }
    r->next = spare;
    spare = r;
    n_spare++;
  }
}

/* ---- reading it ---- */

static joined *join(request *r, const char *name, size_t n, int first) {
  const http1 *h = &r->h;
  const char *between = n == 6 && memcmp(name, "cookie", 6) == 0 ? "; " : ", "; /* RFC 6265bis, 5.8.3 */
  size_t total = 0, k;
  for (int i = first; i >= 0; i = http1_find(h, name, n, i + 1)) total += h->header[i].value_n + 2u;
  joined *j = malloc(sizeof *j + total);
  if (!j) return NULL;
  *j = (joined){.next = r->joined, .first = first};
  r->joined = j;
  for (int i = first; i >= 0; i = http1_find(h, name, n, i + 1)) {
    const char *v = http1_value(h, i, &k);
    if (i != first) {
      memcpy(j->p + j->n, between, 2);
      j->n += 2;
    }
    memcpy(j->p + j->n, v, k);
    j->n += k;
  }
  return j;
}

int host_header(host_id id, host_str *name, host_str *out) {
  request *r = find(id);
  if (!r) return HOST_EGONE;
  int i = http1_find(&r->h, name->p, name->n, 0);
  if (i < 0) return 0;
  size_t n;
  const char *value = http1_value(&r->h, i, &n);
  *out = (host_str){value, (uint32_t)n};
  if (http1_find(&r->h, name->p, name->n, i + 1) < 0) return 1;
  joined *j = r->joined;
  while (j && j->first != i) j = j->next;
  if (!j) j = join(r, name->p, name->n, i);
  if (!j) return HOST_EFULL;
  *out = (host_str){j->p, (uint32_t)j->n};
  return 1;
}

int host_header_nth(host_id id, host_str *name, int nth, host_str *out) {
  request *r = find(id);
  if (!r) return HOST_EGONE;
  int i = http1_find(&r->h, name->p, name->n, 0);
  while (i >= 0 && nth-- > 0) i = http1_find(&r->h, name->p, name->n, i + 1);
  if (i < 0) return 0;
  size_t n;
  const char *value = http1_value(&r->h, i, &n);
  *out = (host_str){value, (uint32_t)n};
  return 1;
}

static int pack_header(buf *b, request *r, int i) {
  char name[256];
  const http1_header *f = &r->h.header[i];
  size_t n = f->name_n;
  const char *from = r->h.head.p + f->name;
  for (size_t k = 0; k < n && k < sizeof name; k++) {
    name[k] = from[k] >= 'A' && from[k] <= 'Z' ? (char)(from[k] + 32) : from[k];
  }
  host_str key = {name, (uint32_t)n}, value = {"", 0};
  if (n > sizeof name) return 0;
  if (host_header(r->o.id, &key, &value) < 0 || pack_str(b, name, n) < 0) return -1;
  return pack_str(b, value.p, value.n);
}

static bool is_first(const http1 *h, int i) {
  const http1_header *f = &h->header[i];
  return f->name_n <= 256 && http1_find(h, h->head.p + f->name, f->name_n, 0) == i;
}

int host_headers(host_id id, host_str *out) {
  request *r = find(id);
  if (!r) return HOST_EGONE;
  uint32_t pairs = 0;
  for (int i = 0; i < r->h.count; i++) pairs += is_first(&r->h, i);
  r->text.n = 0;
  if (pack_map(&r->text, pairs) < 0) return HOST_EFULL;
  for (int i = 0; i < r->h.count; i++) {
    if (is_first(&r->h, i) && pack_header(&r->text, r, i) < 0) return HOST_EFULL;
  }
  *out = (host_str){r->text.p, (uint32_t)r->text.n};
  return 1;
}

static int origin_of(const request *r) {
  return (peer_is_loopback(&r->peer) ? HOST_PEER_LOOPBACK : 0) | (r->secure ? HOST_PEER_TLS : 0) |
         (r->from & CONN_TRUSTED ? HOST_PEER_TRUSTED : 0) |
         (r->from & CONN_VEILED ? HOST_PEER_VEILED : 0) | (r->h.minor == 0 ? HOST_PEER_OLD : 0);
}

int host_peer(host_id id, host_str *out) {
  request *r = find(id);
  if (!r) return HOST_EGONE;
  if (!r->address[0]) peer_text(&r->peer, r->address);
  *out = (host_str){r->address, (uint32_t)strlen(r->address)};
  return origin_of(r);
}

int host_address(host_str *text, host_str *out) {
  static char canonical[PEER_TEXT];
  peer p;
  if (!peer_parse(&p, text->p, text->n)) return HOST_EINVAL;
  peer_text(&p, canonical);
  *out = (host_str){canonical, (uint32_t)strlen(canonical)};
  return (peer_is_loopback(&p) ? HOST_PEER_LOOPBACK : 0) | (peer_is_trusted(&p) ? HOST_PEER_TRUSTED : 0);
}

int host_body(host_id id, host_str *out) {
  request *r = find(id);
  if (!r) return HOST_EGONE;
  *out = (host_str){r->h.body.p ? r->h.body.p : "", (uint32_t)r->h.body.n};
  return 1;
}

/* ---- answering it ---- */

/* Finds a request that can be answered now: 0, else an error. */
static int answerable(host_id id, int status, request **out) {
  request *r = find(id);
  if (!r) return HOST_EGONE;
  if (r->state != REQ_IN_FLIGHT || status < 200 || status > 599) return HOST_EINVAL;
  *out = r;
  return 0;
}

void request_answered(request *r, bool keep) {
  conn *c = r->c;
  bool unread = r->unread;
  request_retire(r);
  if (!c) return;
  if (!unread) return serve_answered(c, keep);
  c->req = NULL;
  conn_finish(c, true);
}

static bool has_no_body(const request *r, int status) {
  return r->h.method == HOST_HEAD || status == 204 || status == 304;
}

/* The start of both kinds of answer, whole and streamed. */
int request_begin(request *r, int status, const host_str *headers, respond_spec *s) {
  bool close = false;
  *s = (respond_spec){.status = status, .minor = r->h.minor, .headers = headers};
  int e = respond_check(headers, &s->connection, &close);
  s->keep = r->h.keep && !close && !r->unread && !conn_draining();
  return e;
}

int host_respond(host_id id, int status, host_str *headers, host_str *body) {
  request *r;
  respond_spec s;
  int e = answerable(id, status, &r);
  if (!e) e = request_begin(r, status, headers, &s);
  if (e) return e;
  if (!r->c) {
    request_retire(r);
    return HOST_EGONE;
  }
  size_t n = has_no_body(r, status) ? 0 : body->n;
  s.sized = status != 204 && status != 304;
  s.length = body->n;
  char *to = respond_head(r->c, &s, n);
  if (!to) {
    conn_close(r->c);
    request_retire(r);
    return HOST_EFULL;
  }
  if (n) memcpy(to, body->p, n);
  r->c->out.n += n;
  request_answered(r, s.keep);
  return 0;
}

int host_stream(host_id id, int status, host_str *headers) {
  request *r;
  respond_spec s;
  int e = answerable(id, status, &r);
  if (!e) e = request_begin(r, status, headers, &s);
  if (e) return e;
  r->silent = has_no_body(r, status);
  s.chunked = r->chunked = r->h.minor == 1 && status != 204 && status != 304;
  s.keep = s.keep && (r->chunked || r->silent);
  r->keep = s.keep;
  r->state = REQ_STREAMING;
  if (!r->c) return HOST_EGONE;
  if (respond_head(r->c, &s, 0)) return 0;
  conn_close(r->c);
  return HOST_EFULL;
}

/* RFC 9112, 7.1: the chunk's size, the chunk, and an empty line. */
static int put_chunk(conn *c, const host_str *chunk, bool framed) {
  char *to = conn_out(c, chunk->n + 24);
  if (!to) return -1;
  int k = framed ? snprintf(to, 20, "%x\r\n", chunk->n) : 0;
  memcpy(to + k, chunk->p, chunk->n);
  if (framed) memcpy(to + (size_t)k + chunk->n, "\r\n", 2);
  c->out.n += (size_t)k + chunk->n + (framed ? 2 : 0);
  return 0;
}

int host_write(host_id id, host_str *chunk) {
  request *r = find(id);
  if (!r || (r->state == REQ_STREAMING && !r->c)) return HOST_EGONE;
  if (r->state != REQ_STREAMING) return HOST_EINVAL;
  conn *c = r->c;
  size_t queued = conn_queued(c);
  if (chunk->n && !r->silent) {
    if (conn_overfull(c, chunk->n, conn_limit()->queue_bytes) || put_chunk(c, chunk, r->chunked)) {
      conn_close(c);
      return HOST_EFULL;
    }
    queued = conn_queued(c);
  }
  if (queued > CONN_DRAIN_HIGH) conn_await_drain(c);
  return queued < INT32_MAX ? (int)queued : INT32_MAX;
}

int host_finish(host_id id) {
  request *r = find(id);
  if (!r) return HOST_EGONE;
  if (r->state != REQ_STREAMING) { /* no streamed answer to end: give up the request */
    request_answered(r, false);
    return HOST_EINVAL;
  }
  bool gone = !r->c, keep = r->keep;
  if (!gone && r->chunked && !r->silent) {
    char *to = conn_out(r->c, 5);
    if (to) r->c->out.n += 5, memcpy(to, "0\r\n\r\n", 5);
    else keep = false;
  }
  request_answered(r, keep && !conn_draining());
  return gone ? HOST_EGONE : 0;
}

/* The other worker parses it again and treats it as its own. */
int host_pass(host_id id, int worker) {
  request *r = find(id);
  if (!r || !r->c) return HOST_EGONE;
  if (r->state != REQ_IN_FLIGHT) return HOST_EINVAL;
  conn *c = r->c;
  buf b;
  int e = pass_begin(c, &b);
  if (!e && http1_raw(&r->h, &b) < 0) e = HOST_ELIMIT;
  if (!e) e = pass_send(c, worker, &b);
  buf_free(&b);
  if (e) return e;
  c->req = NULL;
  request_retire(r);
  pass_leave(c);
  return 0;
}

/* SPDX-License-Identifier: MIT
 * ws.c -- WebSocket connections (RFC 6455): accepting, sending, keeping alive, closing.
 *
 * Owns: struct ws, which its connection holds until Lua ends it too, after one WS_CLOSE event: so
 * replies to earlier messages go out before the close frame.  Must never: send after a close frame,
 * wait for Lua without a limit, or queue without a limit for a client that does not read. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "http/request.h"
#include "http/serve.h"
#include "http/wsframe.h"
#include "net/conn.h"
#include "net/wheel.h"

enum {
  DEFLATE_MIN = 256,      /* shorter messages are not worth compressing, unless the script says otherwise */
  PONG_QUEUE = 16384,     /* over this only the latest ping is answered (5.5.3) */
  ACCEPT_BYTES = 28
};

struct ws {
  op o;
  conn *c;
  wsf_reader in;
  uint64_t heard_at, pinged_at, ping_ms, idle_ms;
  size_t max_queue, deflate_min;
  size_t charged;    /* charged: for the incoming message; see conn_charge() */
  char *pong;        /* the payload of a pending pong: length, then bytes */
  const char *why;   /* the reason sent with `reply`; a static text, or NULL */
  int reply;         /* code of our close frame at the end; 0: a frame without a code, -1: none */
  uint8_t window;    /* to compress with; 0: never */
  bool closing;      /* our close frame is queued; waiting for the client's */
  bool ending;       /* nothing more is read: WS_CLOSE is queued, and Lua ends it */
  bool paused;       /* host_read(ws, 0) */
};

static ws *find(host_id id) {
  return (ws *)op_find(id, OP_WS);
}

static host_id id_of(const conn *c) {
  return c->ws->o.id;
}

/* ---- the end ---- */

static void release(conn *c) {
  ws *w = c->ws;
  if (w->o.id) op_close(&w->o);
  c->ws = NULL;
  c->talk = &serve_http.talk;
  conn_charge(&w->charged, 0);
  wsf_free(&w->in);
  free(w->pong);
  free(w);
}

/* No more input, or none that can be parsed: Lua gets WS_CLOSE after the messages before it. */
static void end(conn *c, int code, const char *why, size_t n) {
  ws *w = c->ws;
  if (w->ending) return;
  w->ending = true;
  if (op_push(HOST_EV_WS_CLOSE, code, w->o.id, 0, why, n) < 0)
    op_push(HOST_EV_WS_CLOSE, code, w->o.id, 0, NULL, 0);
  c->deadline = conn_now() + CONN_WS_CLOSE_MS;
  wheel_schedule(c);
}

static void end_of_input(conn *c) {
  if (!c->ws->ending) c->ws->reply = -1;
  end(c, 1006, NULL, 0);
}

static void lost(conn *c) {
  ws *w = c->ws;
  if (!w->ending) op_push(HOST_EV_WS_CLOSE, 1006, w->o.id, 0, NULL, 0);
  release(c);
}

static void ws_cancel(op *o) {
  conn *c = ((ws *)o)->c;
  op_done(o, HOST_ECANCELED, NULL, 0);
  release(c);
  conn_close(c);
}

/* ---- sending ---- */

static int put_frame(ws *w, int opcode, bool rsv1, const void *p, size_t n) {
  char *to = conn_out(w->c, WSF_HEAD_MAX + n);
  if (!to) return -1;
  size_t k = wsf_head((uint8_t *)to, opcode, rsv1, n);
  if (n) memcpy(to + k, p, n);
  w->c->out.n += k + n;
  return 0;
}

static int put_close(ws *w, int code, const char *reason, size_t n) {
  char payload[WSF_CONTROL_MAX] = {(char)(code >> 8), (char)code};
  if (n > sizeof payload - 2) n = sizeof payload - 2;
  if (n) memcpy(payload + 2, reason, n);
  return put_frame(w, WS_CLOSE, false, payload, code ? n + 2 : 0);
}

/* Closes from our side: an error, or silence for too long.  `why` is a static text. */
static void fail(conn *c, int code, const char *why) {
  c->ws->reply = code;
  c->ws->why = why;
  end(c, code, why, strlen(why));
}

static void finish(conn *c) {
  ws *w = c->ws;
  if (!w->closing && w->reply >= 0) put_close(w, w->reply, w->why, w->why ? strlen(w->why) : 0);
  release(c);
  conn_finish(c, true);
}

static int queued(ws *w) {
  size_t n = conn_queued(w->c);
  if (n > CONN_DRAIN_HIGH) conn_await_drain(w->c);
  return n < INT32_MAX ? (int)n : INT32_MAX;
}

static bool can_send(int opcode, const host_str *data) {
  if (opcode == WS_PING || opcode == WS_PONG) return data->n <= WSF_CONTROL_MAX;
  return opcode == WS_BINARY ||
         (opcode == WS_TEXT && utf8_check(UTF8_OK, data->p, data->n) == UTF8_OK);
}

/* The window to compress with; 0: do not compress. */
static int window_for(const ws *w, int opcode, const host_str *data) {
  return opcode > WS_BINARY || data->n < w->deflate_min ? 0 : w->window;
}

/* Compresses if that was negotiated and helps; `packed` is scratch space. */
static int put_message(ws *w, int opcode, const host_str *data, buf *packed) {
  int window = window_for(w, opcode, data);
  if (window && wsdeflate_pack(window, data->p, data->n, packed) == 0) {
    return put_frame(w, opcode, true, packed->p, packed->n);
  }
  return put_frame(w, opcode, false, data->p, data->n);
}

/* An earlier write is unfinished, or this turn has already queued a lot. */
static bool is_behind(const ws *w) {
  return w->c->writing || conn_queued(w->c) > CONN_DRAIN_HIGH;
}

int host_ws_send(host_id id, int opcode, host_str *data) {
  ws *w = find(id);
  bool is_volatile = opcode & HOST_WS_VOLATILE;
  opcode &= ~HOST_WS_VOLATILE;
  if (!w || w->closing) return HOST_EGONE;
  if (!can_send(opcode, data)) return HOST_EINVAL;
  if (is_volatile && is_behind(w)) return 0;
  buf packed;
  buf_init(&packed, 0);
  int r = conn_overfull(w->c, data->n, w->max_queue) ? -1 : put_message(w, opcode, data, &packed);
  buf_free(&packed);
  if (r == 0) return queued(w);
  conn_close(w->c);
  return HOST_EFULL;
}

/* One message for many connections: a frame without compression, and one per window size. */
typedef struct {
  buf frame[16];
  bool tried[16];
} frames;

static void make_frame(buf *b, int opcode, bool rsv1, const char *p, size_t n) {
  char *to = buf_reserve(b, WSF_HEAD_MAX + n);
  if (!to) return;
  size_t k = wsf_head((uint8_t *)to, opcode, rsv1, n);
  if (n) memcpy(to + k, p, n);
  b->n = k + n;
}

static const buf *frame_for(frames *f, int window, int opcode, const host_str *data) {
  buf packed = {0};
  if (!f->tried[window]) {
    f->tried[window] = true;
    if (!window) make_frame(&f->frame[0], opcode, false, data->p, data->n);
    else if (wsdeflate_pack(window, data->p, data->n, &packed) == 0) {
      make_frame(&f->frame[window], opcode, true, packed.p, packed.n);
    }
    buf_free(&packed);
  }
  return window && !f->frame[window].n ? frame_for(f, 0, opcode, data) : &f->frame[window];
}

static bool send_frame(ws *w, const buf *frame) {
  char *to = NULL;
  if (frame->n && !conn_overfull(w->c, frame->n, w->max_queue)) to = conn_out(w->c, frame->n);
  if (!to) {
    conn_close(w->c);
    return false;
  }
  memcpy(to, frame->p, frame->n);
  w->c->out.n += frame->n;
  queued(w);
  return true;
}

int host_ws_broadcast(const host_id *ids, int n, int opcode, host_str *data) {
  frames f = {0};
  int took = 0;
  bool is_volatile = opcode & HOST_WS_VOLATILE;
  opcode &= ~HOST_WS_VOLATILE;
  if (!can_send(opcode, data)) return HOST_EINVAL;
  for (int i = 0; i < n; i++) {
    ws *w = find(ids[i]);
    if (!w || w->closing || (is_volatile && is_behind(w))) continue;
    took += send_frame(w, frame_for(&f, window_for(w, opcode, data), opcode, data));
  }
  for (size_t i = 0; i < sizeof f.frame / sizeof *f.frame; i++) buf_free(&f.frame[i]);
  return took;
}

/* ---- receiving ---- */

static void save_pong(ws *w, const char *p, size_t n) {
  if (!w->pong) w->pong = malloc(1 + WSF_CONTROL_MAX);
  if (!w->pong) return;
  w->pong[0] = (char)n;
  memcpy(w->pong + 1, p, n);
}

static void answer_ping(ws *w, const char *p, size_t n) {
  if (w->closing) return;
  if (conn_queued(w->c) > PONG_QUEUE) save_pong(w, p, n);
  else if (put_frame(w, WS_PONG, false, p, n) < 0) conn_close(w->c);
}

static void drained(conn *c) {
  ws *w = c->ws;
  if (!w->pong) return;
  if (!w->closing) put_frame(w, WS_PONG, false, w->pong + 1, (uint8_t)w->pong[0]);
  free(w->pong);
  w->pong = NULL;
}

/* A message that cannot be queued ends the connection: the
 * client must not believe that it was received. */
static void message(ws *w, const wsf_event *e) {
  int lost = 0;
  if (w->closing) {
    if (e->owned) free(e->p);
  } else if (e->owned) {
    lost = op_push_own(HOST_EV_WS_MSG, e->code, w->o.id, 0, e->p, e->n);
  } else {
    lost = op_push(HOST_EV_WS_MSG, e->code, w->o.id, 0, e->p, e->n);
  }
  if (lost < 0) conn_close(w->c);
}

static void closed_by_peer(conn *c, const wsf_event *e) {
  c->ws->reply = e->code == 1005 ? 0 : e->code;
  end(c, e->code, e->p, e->n);
}

/* Can the next event be processed?  Otherwise the bytes wait until Lua has caught up. */
static bool ready(conn *c) {
  return c->state == CONN_OPEN && c->ws && !c->ws->ending && !c->ws->paused && !conn_pause(c);
}

/* The connection may be closed, and the WebSocket freed, after any event. */
static size_t feed(conn *c, char *p, size_t n) {
  size_t left = n;
  wsf_event e;
  c->ws->heard_at = conn_now();
  while (left && ready(c)) {
    switch (wsf_next(&c->ws->in, &p, &left, &e)) {
      case WSF_MESSAGE: message(c->ws, &e); break;
      case WSF_PING: answer_ping(c->ws, e.p, e.n); break;
      case WSF_CLOSE: closed_by_peer(c, &e); break;
      case WSF_ERROR: fail(c, e.code, e.p); break;
      case WSF_MORE:
      case WSF_PONG: break;
    }
  }
  if (!c->ws) return n;
  if (!conn_charge(&c->ws->charged, c->ws->in.message.cap)) fail(c, 1013, "too many messages are arriving");
  return c->ws->ending ? n : n - left;
}

static bool wants_reading(const conn *c) {
  return !c->ws->paused && !c->ws->ending;
}

int host_read(host_id id, int on) {
  ws *w = find(id);
  if (!w) return HOST_EGONE;
  if (w->closing || w->ending) return 0; /* we must read its close frame, or have read it */
  w->paused = !on;
  w->heard_at = conn_now();
  conn_pump(w->c);
  return 0;
}

/* ---- time ---- */

static uint64_t ping_due(const ws *w) {
  uint64_t last = w->heard_at > w->pinged_at ? w->heard_at : w->pinged_at;
  return w->ping_ms ? last + w->ping_ms : UINT64_MAX;
}

static uint64_t idle_due(const ws *w) {
  return w->idle_ms ? w->heard_at + w->idle_ms : UINT64_MAX;
}

static void schedule(ws *w) {
  uint64_t ping = ping_due(w), idle = idle_due(w), due = ping < idle ? ping : idle;
  w->c->deadline = due == UINT64_MAX ? 0 : due;
  wheel_schedule(w->c);
}

static void expire(conn *c) {
  ws *w = c->ws;
  uint64_t now = conn_now();
  if (w->ending) return finish(w->c);
  if (w->closing) return conn_close(w->c);
  if (w->paused || conn_is_paused(w->c)) w->heard_at = now; /* we are the ones not reading */
  if (idle_due(w) <= now) return fail(w->c, 1001, "nothing was received for too long");
  if (ping_due(w) <= now) {
    w->pinged_at = now;
    if (put_frame(w, WS_PING, false, NULL, 0) < 0) return conn_close(w->c);
  }
  schedule(w);
}

/* ---- closing ---- */

static void close_with(ws *w, int code, const char *reason, size_t n) {
  if (w->ending) return finish(w->c);
  if (w->closing) return;
  if (put_close(w, code, reason, n) < 0) return conn_close(w->c);
  w->closing = true;
  w->paused = false;
  w->c->deadline = conn_now() + CONN_WS_CLOSE_MS;
  wheel_schedule(w->c);
  conn_pump(w->c);
}

int host_ws_close(host_id id, int code, host_str *reason) {
  ws *w = find(id);
  if (!w) return HOST_EGONE;
  if (code && !wsf_code_ok(code)) return HOST_EINVAL;
  if (reason->n > WSF_CONTROL_MAX - 2 || (reason->n && !code)) return HOST_EINVAL;
  if (utf8_check(UTF8_OK, reason->p, reason->n) != UTF8_OK) return HOST_EINVAL;
  close_with(w, code, reason->p, reason->n);
  return 0;
}

static void shut_down(conn *c) {
  static const char why[] = "the server is stopping";
  close_with(c->ws, 1001, why, sizeof why - 1);
}

/* ---- accepting ---- */

/* RFC 6455, 4.2.2: base64(SHA-1(key + GUID)). */
static bool accept_key(const http1 *h, char out[ACCEPT_BYTES + 1]) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  char text[24 + sizeof guid];
  size_t n;
  const char *key = http1_value(h, http1_find(h, "sec-websocket-key", 17, 0), &n);
  memcpy(text, key, 24);
  memcpy(text + 24, guid, sizeof guid);
  if (!EVP_Digest(text, 24 + sizeof guid - 1, digest, NULL, EVP_sha1(), NULL)) return false;
  return EVP_EncodeBlock((unsigned char *)out, digest, 20) == ACCEPT_BYTES;
}

static bool protocol_ok(const host_str *s) {
  return s->n == 0 || (s->n <= 128 && http1_token(s->p, s->n));
}

static int negotiate(host_id req, buf *answer) {
  host_str name = {"sec-websocket-extensions", 24}, offers;
  if (host_header(req, &name, &offers) != 1) return 0;
  return wsdeflate_negotiate(offers.p, offers.n, answer);
}

static int put_handshake(request *r, const host_str *protocol, bool deflate, uint8_t *window) {
  char key[ACCEPT_BYTES + 1];
  buf b, extensions;
  int e = HOST_EFULL;
  buf_init(&b, 1024);
  buf_init(&extensions, 256);
  if (!accept_key(&r->h, key)) goto out;
  if (deflate) *window = (uint8_t)negotiate(r->o.id, &extensions);
  if (buf_fmt(&b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: %s\r\n", key) < 0) goto out;
  if (protocol->n && buf_fmt(&b, "Sec-WebSocket-Protocol: %.*s\r\n", (int)protocol->n, protocol->p) < 0)
    goto out;
  if (*window && buf_fmt(&b, "Sec-WebSocket-Extensions: %.*s\r\n", (int)extensions.n, extensions.p) < 0)
    goto out;
  if (buf_str(&b, "\r\n") < 0) goto out;
  char *to = conn_out(r->c, b.n);
  if (!to) goto out;
  memcpy(to, b.p, b.n);
  r->c->out.n += b.n;
  e = 0;
out:
  buf_free(&b);
  buf_free(&extensions);
  return e;
}

static uint64_t to_ms(double s) {
  return s > 0 && s < 1e9 ? (uint64_t)(s * 1000) : 0;
}

static size_t to_size(double bytes, size_t otherwise) {
  return bytes >= 1 && bytes < 1e12 ? (size_t)bytes : otherwise;
}

static bool never(const conn *c) {
  (void)c;
  return false;
}

static const conn_talk talk = {.feed = feed, .wants_reading = wants_reading, .is_busy = never,
                               .is_idle = never, .id = id_of, .expire = expire, .end = end_of_input,
                               .lost = lost, .drained = drained, .shut_down = shut_down};

static ws *make(conn *c, const host_ws_options *o) {
  ws *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  if (op_open(&w->o, OP_WS, 0, ws_cancel) < 0) {
    free(w);
    return NULL;
  }
  w->c = c;
  c->ws = w;
  c->talk = &talk;
  w->max_queue = to_size(o->max_queue, conn_limit()->queue_bytes);
  w->deflate_min = to_size(o->deflate_min, DEFLATE_MIN);
  w->ping_ms = to_ms(o->ping_s);
  w->idle_ms = to_ms(o->idle_s);
  w->heard_at = w->pinged_at = conn_now();
  wsf_start(&w->in, to_size(o->max_message, conn_limit()->ws_message_bytes), false);
  return w;
}

/* The client left before its answer. */
static int gone(request *r) {
  conn *c = r->c;
  request_retire(r);
  if (c) serve_answered(c, false);
  return HOST_EGONE;
}

host_id host_ws_accept(host_id id, host_str *protocol, host_ws_options *options) {
  request *r = (request *)op_find(id, OP_REQUEST);
  if (!r) return HOST_EGONE;
  if (r->state != REQ_IN_FLIGHT || !r->h.websocket || !protocol_ok(protocol)) return HOST_EINVAL;
  conn *c = r->c;
  if (!c || c->eof) return gone(r);
  ws *w = make(c, options);
  if (!w) return HOST_EFULL;
  int e = put_handshake(r, protocol, options->flags & HOST_WS_DEFLATE, &w->window);
  if (e < 0) {
    release(c);
    return e;
  }
  w->in.deflate = w->window != 0;
  c->req = NULL;
  request_retire(r);
  id = w->o.id;
  schedule(w);
  conn_pump(c);
  return id;
}

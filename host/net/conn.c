/* SPDX-License-Identifier: MIT
 * conn.c -- connections: bytes in, bytes out, deadlines.
 *
 * Owns: every struct conn, the one read buffer of the worker, spare output buffers.
 * Must never: call Lua, read more than it can hold, or queue without a limit. */
#include "net/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/loop.h"
#include "net/listen.h"
#include "net/preface.h"
#include "net/relay.h"
#include "net/tlsio.h"
#include "net/wheel.h"

enum {
  READ_SIZE = 65536,
  OUT_SIZE = 4096,       /* initial size of output buffers; those that have not grown are reused */
  SPARE_OUTS = 256,
  STALL_MS = 30000,      /* a client that reads nothing for this long is disconnected */
  LINGER_MS = 1000,      /* after our answer a client may be silent for this long, */
  LINGER_ALL_MS = 10000, /* and keep sending for this long */
  LAST_REQUEST_MS = 500, /* a client that does not know yet that we stop may send one more */
  ARRIVING_FREE = 65536  /* a body or message of this size always finds room */
};

struct out_write {
  uv_write_t req;
  conn *c;
  buf b;
};

static struct {
  conn_limits limit;
  const conn_service *service;
  int count;
  bool draining;
  conn_link dirty, paused;
  size_t arriving;       /* bytes held of unfinished bodies and messages */
  int n_outs;
  char *outs[SPARE_OUTS];
  char in[READ_SIZE];
} conns;

static void read_update(conn *c);

const conn_limits *conn_limit(void) {
  return &conns.limit;
}

const conn_service *conn_serves(void) {
  return conns.service;
}

uint64_t conn_now(void) {
  return uv_now(loop_uv());
}

bool conn_draining(void) {
  return conns.draining;
}

int conn_count(void) {
  return conns.count;
}

/* ---- deadlines ---- */

void conn_deadline(conn *c, uint64_t ms, bool timed) {
  c->deadline = conn_now() + ms;
  c->timed = timed;
  wheel_schedule(c);
}

static bool is_stalled(conn *c) {
  if (!c->stall_at || c->stall_at > conn_now()) return false;
  if (c->tcp.write_queue_size >= c->stalled) return true;
  c->stalled = c->tcp.write_queue_size;
  c->stall_at = conn_now() + STALL_MS;
  return false;
}

void conn_part(conn *c) {
  if (c->tls && c->state == CONN_OPEN) conn_finish(c, false);
  else conn_close(c);
}

void conn_expire(conn *c) {
  if (is_stalled(c)) return conn_close(c);
  if (c->deadline && c->deadline <= conn_now()) c->talk->expire(c);
}

/* ---- output ---- */

char *conn_out(conn *c, size_t n) {
  if (c->state >= CONN_LINGERING) return NULL;
  if (!c->out.p && conns.n_outs) {
    c->out.p = conns.outs[--conns.n_outs];
    c->out.cap = OUT_SIZE;
  }
  if (link_empty(&c->dirty)) link_add(&conns.dirty, &c->dirty);
  return buf_reserve(&c->out, c->out.p || n > OUT_SIZE ? n : OUT_SIZE);
}

size_t conn_queued(const conn *c) {
  return c->out.n + c->tcp.write_queue_size + (c->tls ? tlsio_wire(c->tls)->n : 0);
}

static void release_out(buf *b) {
  if (b->p && b->cap == OUT_SIZE && conns.n_outs < SPARE_OUTS) {
    conns.outs[conns.n_outs++] = b->p;
    b->p = NULL;
  }
  buf_free(b);
  b->n = b->cap = 0;
}

/* The bytes to write, encrypted if the connection is; NULL: no memory. */
static buf *outgoing(conn *c) {
  if (!c->tls) return &c->out;
  if (tlsio_seal(c->tls, &c->out, c->state == CONN_FLUSHING) < 0) return NULL;
  release_out(&c->out);
  return tlsio_wire(c->tls);
}

/* One large piece on a short queue does not mean that the client is
 * slow, and neither does a long turn: try to write before deciding. */
bool conn_overfull(conn *c, size_t more, size_t max) {
  if (conn_queued(c) <= CONN_DRAIN_HIGH || conn_queued(c) + more <= max) return false;
  buf *out = c->writing || !c->out.n ? NULL : outgoing(c);
  uv_buf_t b = out ? uv_buf_init(out->p, (unsigned)out->n) : (uv_buf_t){0};
  int n = out ? uv_try_write((uv_stream_t *)&c->tcp, &b, 1) : 0;
  if (n > 0) buf_take(out, (size_t)n);
  return conn_queued(c) > CONN_DRAIN_HIGH && conn_queued(c) + more > max;
}

void conn_await_drain(conn *c) {
  c->want_drained = true;
}

const char *conn_unwritten(const conn *c, size_t *n) {
  *n = c->writing ? c->tcp.write_queue_size : 0;
  return *n ? c->writing->b.p + c->writing->b.n - *n : NULL;
}

/* Closing a connection with unread bytes resets it, and the client loses the answer that says why.  A
 * client that is still sending a body may read the answer only afterwards, so drop what it sends, however
 * much. */
static void linger(conn *c) {
  uint64_t now = conn_now(), left = c->linger_until > now ? c->linger_until - now : 0;
  if (!left) return conn_close(c);
  conn_deadline(c, left < LINGER_MS ? left : LINGER_MS, false);
}

static void start_lingering(conn *c) {
  uv_os_fd_t fd;
  if (!c->linger || c->eof || uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0) return conn_close(c);
  shutdown(fd, SHUT_WR);
  c->state = CONN_LINGERING;
  c->linger_until = conn_now() + LINGER_ALL_MS;
  linger(c);
  read_update(c);
}

/* The kernel has taken everything that was queued. */
static void all_written(conn *c) {
  c->stall_at = 0;
  if (c->state == CONN_FLUSHING) return start_lingering(c);
  if (c->state != CONN_OPEN) return;
  if (c->want_drained) {
    c->want_drained = false;
    host_id id = c->talk->id(c);
    if (id) op_push(HOST_EV_DRAINED, 0, id, 0, NULL, 0);
  }
  if (c->talk->drained) c->talk->drained(c);
  if (c->want_room) {
    c->want_room = false;
    conn_pump(c);
  }
}

static void flush_one(conn *c);

static void on_written(uv_write_t *req, int status) {
  out_write *w = (out_write *)req;
  conn *c = w->c;
  release_out(&w->b);
  free(w);
  c->writing = NULL;
  if (c->state == CONN_CLOSED) return;
  if (status < 0) return conn_close(c);
  link_del(&c->dirty);
  flush_one(c);
}

/* The socket is full: libuv borrows the rest and writes it once there is room. */
static void write_rest(conn *c, buf *out, size_t done) {
  out_write *w = malloc(sizeof *w);
  if (!w) return conn_close(c);
  *w = (out_write){.c = c, .b = *out};
  *out = (buf){0};
  uv_buf_t b = uv_buf_init(w->b.p + done, (unsigned)(w->b.n - done));
  int r = uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, on_written);
  if (r < 0) {
    release_out(&w->b);
    free(w);
    return conn_close(c);
  }
  c->writing = w;
  c->stalled = c->tcp.write_queue_size;
  c->stall_at = conn_now() + STALL_MS;
  wheel_schedule(c);
}

static void flush_one(conn *c) {
  if (c->writing) return; /* on_written continues */
  buf *out = outgoing(c);
  if (!out) return conn_close(c);
  if (out->n) {
    uv_buf_t b = uv_buf_init(out->p, (unsigned)out->n);
    int n = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
    if (n < 0 && n != UV_EAGAIN) return conn_close(c);
    if (n < 0) n = 0;
    if ((size_t)n < out->n) return write_rest(c, out, (size_t)n);
  }
  release_out(out);
  all_written(c);
}

void conn_flush(void) {
  while (!link_empty(&conns.dirty)) {
    conn *c = link_conn(conns.dirty.next, dirty);
    link_del(&c->dirty);
    flush_one(c);
  }
  if (op_pending()) loop_wake();
}

/* ---- input ---- */

bool conn_pause(conn *c) {
  if (!op_congested()) return false;
  if (link_empty(&c->paused)) link_add(&conns.paused, &c->paused);
  return true;
}

bool conn_charge(size_t *charged, size_t now) {
  conns.arriving += now - *charged;
  *charged = now;
  return conns.arriving <= conns.limit.arriving_bytes || now <= ARRIVING_FREE;
}

int conn_hold(conn *c, const void *p, size_t n) {
  buf_take(&c->in, c->in_taken);
  c->in_taken = 0;
  return buf_add(&c->in, p, n);
}

/* After parsing: ends the connection if no bytes are left and no more will come. */
static void settle(conn *c) {
  if (c->state == CONN_OPEN && c->eof && !c->talk->is_busy(c) && !conn_held(c)) c->talk->end(c);
  read_update(c);
}

void conn_pump(conn *c) {
  size_t n = 1;
  while (n && c->state == CONN_OPEN && conn_held(c) && !c->preface) {
    n = c->talk->feed(c, c->in.p + c->in_taken, conn_held(c));
    if (c->state == CONN_OPEN) c->in_taken += n;
  }
  if (c->state == CONN_OPEN && !conn_held(c)) {
    buf_free(&c->in);
    c->in_taken = 0;
  }
  settle(c);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *b) {
  (void)hint;
  const conn *c = (const conn *)handle;
  size_t n = READ_SIZE;
  if (c->talk->is_busy(c)) {
    size_t room = conns.limit.head_bytes > conn_held(c) ? conns.limit.head_bytes - conn_held(c) : 1;
    if (room < n) n = room;
  }
  *b = uv_buf_init(conns.in, (unsigned)n);
}

static void on_end(conn *c, int status) {
  bool known = c->eof;
  if (status != UV_EOF || c->preface || c->state == CONN_LINGERING) return conn_close(c);
  c->eof = true;
  c->reading = false;
  if (!known && c->talk->is_busy(c)) c->talk->abort(c);
  settle(c);
}

static void take(conn *c, char *p, size_t n) {
  size_t used = conn_held(c) ? 0 : c->talk->feed(c, p, n);
  if (c->state == CONN_OPEN && used < n && conn_hold(c, p + used, n - used) < 0) conn_close(c);
}

/* Decrypts everything that was read, even what is then held
 * back, so that nothing is stuck in OpenSSL. */
static void take_sealed(conn *c, const char *p, size_t n) {
  static char plain[TLSIO_RECORD];
  int k;
  tlsio_give(c->tls, p, n);
  while ((k = tlsio_take(c->tls, plain)) > 0) {
    take(c, plain, (size_t)k);
    if (c->state != CONN_OPEN) return;
  }
  if (tlsio_wire(c->tls)->n && link_empty(&c->dirty)) link_add(&conns.dirty, &c->dirty);
  if (k == TLSIO_END) return on_end(c, UV_EOF);
  if (k == TLSIO_PLAIN) {
    tlsio_free(c->tls);
    c->tls = NULL;
    conns.service->not_tls(c);
  } else if (k == TLSIO_FAILED) {
    conn_finish(c, true); /* with the alert that says why */
  }
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b) {
  conn *c = (conn *)s;
  if (n == 0) return;
  if (n < 0) return on_end(c, (int)n);
  if (c->state == CONN_LINGERING) return linger(c);
  if (c->state != CONN_OPEN) return;
  size_t head = c->preface ? preface_take(c, b->base, (size_t)n) : 0;
  if (c->state == CONN_OPEN && head < (size_t)n) {
    if (c->tls) take_sealed(c, b->base + head, (size_t)n - head);
    else take(c, b->base + head, (size_t)n - head);
  }
  read_update(c);
}

static bool wants_reading(const conn *c) {
  if (c->eof) return false;
  if (c->state != CONN_OPEN) return c->state == CONN_LINGERING;
  return !conn_is_paused(c) && c->talk->wants_reading(c);
}

static void read_update(conn *c) {
  if (c->state == CONN_CLOSED) return;
  bool want = wants_reading(c);
  if (want == c->reading) return;
  c->reading = want;
  if (!want) uv_read_stop((uv_stream_t *)&c->tcp);
  else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0) conn_close(c);
}

void conn_resume_reading(void) {
  conn_link waiting;
  if (link_empty(&conns.paused)) return;
  link_init(&waiting);
  while (!link_empty(&conns.paused)) link_add(&waiting, conns.paused.next);
  while (!link_empty(&waiting)) {
    conn *c = link_conn(waiting.next, paused);
    link_del(&c->paused);
    conn_pump(c);
  }
}

/* ---- beginning and end ---- */

static void on_closed(uv_handle_t *h) {
  free(h);
}

conn *conn_open(int fd, int listener) {
  conn *c = calloc(1, sizeof *c);
  if (!c) {
    close(fd);
    return NULL;
  }
  uv_tcp_init(loop_uv(), &c->tcp);
  link_init(&c->wheel);
  link_init(&c->dirty);
  link_init(&c->paused);
  c->talk = &conns.service->talk;
  c->listener = (uint8_t)listener;
  conns.count++;
  if (uv_tcp_open(&c->tcp, fd) < 0) {
    close(fd);
    conn_close(c);
    return NULL;
  }
  conn_deadline(c, conns.limit.head_ms, false);
  read_update(c);
  return c->state == CONN_OPEN ? c : NULL;
}

void conn_secure(conn *c) {
  c->secure = true;
  c->tls = tlsio_open();
  if (!c->tls) conn_close(c);
}

void conn_close(conn *c) {
  if (c->state == CONN_CLOSED) return;
  c->state = CONN_CLOSED;
  link_del(&c->wheel);
  link_del(&c->dirty);
  link_del(&c->paused);
  c->talk->lost(c);
  tlsio_free(c->tls);
  c->tls = NULL;
  buf_free(&c->in);
  release_out(&c->out);
  conns.count--;
  uv_handle_t *h = (uv_handle_t *)&c->tcp;
  if (!uv_is_closing(h)) uv_close(h, on_closed); /* at exit worker.c closes what is left */
}

void conn_finish(conn *c, bool linger) {
  if (c->state != CONN_OPEN) return;
  c->state = CONN_FLUSHING;
  c->linger = linger || conn_held(c);
  c->deadline = 0;
  c->in_taken = 0;
  buf_free(&c->in);
  link_del(&c->paused);
  if (c->talk->finish) c->talk->finish(c);
  if (link_empty(&c->dirty)) link_add(&conns.dirty, &c->dirty);
  read_update(c);
}

/* ---- what worker.c calls ---- */

static void read_limits(void) {
  conns.limit = (conn_limits){
      .head_bytes = (size_t)conf_num("limits.head_bytes"),
      .body_bytes = (size_t)conf_num("limits.body_bytes"),
      .queue_bytes = (size_t)conf_num("limits.ws_queue_bytes"),
      .ws_message_bytes = (size_t)conf_num("limits.ws_message_bytes"),
      .head_ms = (uint64_t)conf_num("limits.head_timeout_ms"),
      .body_ms = (uint64_t)conf_num("limits.body_timeout_ms"),
      .idle_ms = (uint64_t)conf_num("limits.keepalive_timeout_ms"),
      .arriving_bytes = (size_t)conf_num("limits.arriving_bytes"),
  };
  if (conns.limit.body_bytes == 0) conns.limit.body_bytes = 1;
}

int conn_init(const listen_sockets *sockets, const conn_service *service) {
  conns.service = service;
  read_limits();
  link_init(&conns.dirty);
  link_init(&conns.paused);
  wheel_init();
  return listen_init(sockets);
}

void conn_start_accepting(void) {
  listen_start();
}

/* Closing at once would reset a request that is in flight.  A client that sends one now gets its
 * answer, with "Connection: close"; the other connections are closed when the time is up. */
static void hurry(conn *c) {
  if (c->state == CONN_OPEN && c->talk->is_idle(c)) conn_deadline(c, LAST_REQUEST_MS, false);
}

void conn_stop_accepting(void) {
  conns.draining = true;
  listen_stop();
  wheel_each(hurry);
}

static void shut_down(conn *c) {
  if (c->state == CONN_OPEN && c->talk->shut_down) c->talk->shut_down(c);
}

void conn_shutdown(void) {
  conns.draining = true;
  wheel_each(shut_down);
}

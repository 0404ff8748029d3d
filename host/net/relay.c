/* SPDX-License-Identifier: MIT
 * relay.c -- a TLS connection that another worker handles: the stream moves, the encryption stays here.
 *
 * pass.c gives the other worker one end of a local stream in place of the connection; we decrypt
 * the client's bytes into our end, and encrypt those that come out of it.  To the other worker it
 * is a connection like any other: requests stay in order, WebSockets work, and so does
 * back-pressure, since reading from one side pauses while the other has too much queued.
 *
 * Owns: our end.  Must never: inspect the bytes, or hold more of them than RELAY_HIGH and one read. */
#include "net/relay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/loop.h"
#include "net/conn.h"

enum { RELAY_HIGH = 65536, RELAY_READ = 65536 };

struct relay {
  uv_pipe_t pipe;
  uv_shutdown_t shutdown;
  conn *c;
  bool reading, ended;
};

typedef struct {
  uv_write_t req;
  relay *r;
  char bytes[];
} rest;

static int relays;

int relay_count(void) {
  return relays;
}

/* ---- to the client ---- */

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *b) {
  static char bytes[RELAY_READ];
  (void)handle, (void)hint;
  *b = uv_buf_init(bytes, sizeof bytes);
}

static void read_on(relay *r, bool on);

/* End of file: the other worker has sent everything, so the connection ends. */
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b) {
  relay *r = (relay *)s;
  conn *c = r->c;
  if (n == 0) return;
  if (n < 0) return conn_finish(c, true);
  char *to = conn_out(c, (size_t)n);
  if (!to) return conn_close(c);
  memcpy(to, b->base, (size_t)n);
  c->out.n += (size_t)n;
  if (conn_queued(c) > CONN_DRAIN_HIGH) read_on(r, false);
}

static void read_on(relay *r, bool on) {
  if (on == r->reading) return;
  r->reading = on;
  if (!on) uv_read_stop((uv_stream_t *)&r->pipe);
  else if (uv_read_start((uv_stream_t *)&r->pipe, on_alloc, on_read) < 0) conn_close(r->c);
}

static void drained(conn *c) {
  read_on(c->relay, true);
}

/* ---- from the client ---- */

static size_t waiting(const relay *r) {
  return uv_stream_get_write_queue_size((const uv_stream_t *)&r->pipe);
}

static bool wants_reading(const conn *c) {
  return waiting(c->relay) <= RELAY_HIGH;
}

static void on_written(uv_write_t *req, int status) {
  relay *r = ((rest *)req)->r;
  free(req);
  if (status == 0 && r->c) conn_pump(r->c);
}

/* If the other worker takes nothing more, drop the bytes: its last output must still be read. */
static int write_rest(relay *r, const char *p, size_t n) {
  rest *w = malloc(sizeof *w + n);
  if (!w) return -1;
  w->r = r;
  memcpy(w->bytes, p, n);
  uv_buf_t b = uv_buf_init(w->bytes, (unsigned)n);
  if (uv_write(&w->req, (uv_stream_t *)&r->pipe, &b, 1, on_written) == 0) return 0;
  free(w);
  return -1;
}

static size_t feed(conn *c, char *p, size_t n) {
  relay *r = c->relay;
  if (!wants_reading(c)) return 0;
  uv_buf_t b = uv_buf_init(p, (unsigned)n);
  int k = uv_try_write((uv_stream_t *)&r->pipe, &b, 1);
  if (k < 0 && k != UV_EAGAIN) return n; /* it is gone; on_read() will see that */
  size_t done = k > 0 ? (size_t)k : 0;
  if (done < n && write_rest(r, p + done, n - done) < 0) conn_close(c);
  return n;
}

static void on_shutdown(uv_shutdown_t *req, int status) {
  (void)req, (void)status;
}

static void end(conn *c) {
  relay *r = c->relay;
  if (r->ended) return;
  r->ended = true;
  if (uv_shutdown(&r->shutdown, (uv_stream_t *)&r->pipe, on_shutdown) < 0) conn_close(c);
}

/* ---- life ---- */

static void on_closed(uv_handle_t *h) {
  free(h);
}

static bool never(const conn *c) {
  (void)c;
  return false;
}

static host_id nobody(const conn *c) {
  (void)c;
  return 0;
}

static const conn_talk talk = {.feed = feed, .wants_reading = wants_reading, .is_busy = never,
                               .is_idle = never, .id = nobody, .expire = conn_part, .end = end,
                               .lost = relay_close, .drained = drained, .finish = relay_close};

int relay_open(conn *c, int fd) {
  relay *r = calloc(1, sizeof *r);
  if (!r) {
    close(fd);
    return -1;
  }
  uv_pipe_init(loop_uv(), &r->pipe, 0);
  r->c = c;
  c->relay = r;
  c->talk = &talk;
  relays++;
  if (uv_pipe_open(&r->pipe, fd) < 0) {
    close(fd);
    relay_close(c);
    return -1;
  }
  return 0;
}

void relay_begin(conn *c) {
  c->in_taken = c->in.n;
  read_on(c->relay, true);
  conn_pump(c);
}

void relay_close(conn *c) {
  relay *r = c->relay;
  if (!r) return;
  c->relay = NULL;
  c->talk = &conn_serves()->talk;
  r->c = NULL;
  relays--;
  uv_handle_t *h = (uv_handle_t *)&r->pipe;
  if (!uv_is_closing(h)) uv_close(h, on_closed); /* at exit worker.c closes what is left */
}

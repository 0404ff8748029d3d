/* SPDX-License-Identifier: MIT
 * pass.c -- a connection and its unanswered request go to another worker (Engine.IO long-polling needs
 * it: a session lives in one process).  The other side parses the request again and sees it as its own.
 * Of a TLS connection only the conversation goes: see relay.c.
 *
 * Owns: nothing.  Must never: lose a byte of what was read, or answer what it has passed on. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "net/conn.h"
#include "net/relay.h"
#include "server/bus.h"

enum { PASS_MAX = 4 * 1024 * 1024, PASS_MARK = 0x33534148 };

typedef struct {
  uint32_t mark, listener, unwritten;
  uint8_t secure, from;
  peer peer;
} pass_head; /* then: unwritten bytes, the request, what was read behind it */

static int describe(const request *r, buf *b) {
  const conn *c = r->c;
  size_t n = 0, m = c->tls ? 0 : c->out.n; /* what is encrypted here is also written here */
  const char *rest = c->tls ? NULL : conn_unwritten(c, &n);
  pass_head head = {.mark = PASS_MARK, .listener = c->listener, .unwritten = (uint32_t)(n + m),
                    .secure = c->secure, .from = c->from, .peer = c->peer};
  if (n + m > PASS_MAX || buf_add(b, &head, sizeof head) < 0) return -1;
  if (buf_add(b, rest, n) < 0 || buf_add(b, c->out.p, m) < 0) return -1;
  if (http1_raw(&r->h, b) < 0) return -1;
  return buf_add(b, c->in.p ? c->in.p + c->in_taken : NULL, c->in.n - c->in_taken);
}

static int pass_whole(conn *c, int worker, const buf *b) {
  uv_os_fd_t fd;
  if (uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0) return HOST_EGONE;
  return bus_send_conn(worker, fd, b->p, b->n);
}

static int pass_conversation(conn *c, int worker, const buf *b) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair)) return HOST_EFULL;
  int e = relay_open(c, pair[0]) < 0 ? HOST_EFULL : bus_send_conn(worker, pair[1], b->p, b->n);
  close(pair[1]);
  if (e < 0) relay_close(c);
  return e;
}

int host_pass(host_id id, int worker) {
  request *r = (request *)op_find(id, OP_REQUEST);
  if (!r || !r->c) return HOST_EGONE;
  if (r->state != REQ_IN_FLIGHT) return HOST_EINVAL;
  conn *c = r->c;
  buf b;
  buf_init(&b, PASS_MAX);
  int e = HOST_ELIMIT;
  if (describe(r, &b) < 0) goto out;
  e = c->tls ? pass_conversation(c, worker, &b) : pass_whole(c, worker, &b);
  if (e < 0) goto out;
  c->req = NULL;
  request_retire(r);
  if (c->relay) {
    c->in_taken = c->in.n;
    relay_drained(c->relay);
    conn_pump(c);
  } else {
    conn_close(c); /* only our descriptor: the other worker holds the connection */
  }
out:
  buf_free(&b);
  return e < 0 ? e : 0;
}

static bool take_head(pass_head *head, const void *bytes, size_t n) {
  if (n < sizeof *head) return false;
  memcpy(head, bytes, sizeof *head);
  return head->mark == PASS_MARK && head->unwritten <= n - sizeof *head;
}

void conn_adopt(int fd, const void *bytes, size_t n) {
  pass_head head;
  if (!take_head(&head, bytes, n)) {
    log_fmt(LOG_WARN, "a connection from another worker could not be taken over");
    close(fd);
    return;
  }
  conn *c = conn_open(fd, (int)head.listener);
  if (!c) return;
  c->peer = head.peer;
  c->from = head.from;
  c->secure = head.secure;
  const char *p = (const char *)bytes + sizeof head;
  char *to = head.unwritten ? conn_out(c, head.unwritten) : NULL;
  if (to) memcpy(to, p, head.unwritten);
  c->out.n += to ? head.unwritten : 0;
  if ((head.unwritten && !to) || conn_hold(c, p + head.unwritten, n - sizeof head - head.unwritten)) {
    conn_close(c);
    return;
  }
  conn_pump(c);
}

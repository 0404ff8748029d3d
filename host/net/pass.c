/* SPDX-License-Identifier: MIT
 * pass.c -- passes a connection and its unanswered request to another worker (for Engine.IO long-polling:
 * a session lives in one process).  The other worker parses the request again and treats it as its own.
 * A TLS connection stays here and passes on only the decrypted stream: see relay.c.
 *
 * Owns: nothing; pass_init() supplies the transport.  Must never: lose a byte that was read, or answer a
 * request that it has passed on. */
#include "net/pass.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "net/conn.h"
#include "net/relay.h"

enum { PASS_MAX = 4 * 1024 * 1024, PASS_MARK = 0x33534148 };

typedef struct {
  uint32_t mark, listener, unwritten;
  uint8_t secure, from;
  peer peer;
} pass_head; /* followed by: unwritten bytes, the request, bytes read after it */

static int (*send_to)(int worker, int fd, const void *head, size_t n);

void pass_init(int (*send)(int worker, int fd, const void *head, size_t n)) {
  send_to = send;
}

int pass_begin(const conn *c, buf *b) {
  size_t n = 0, m = c->tls ? 0 : c->out.n; /* this worker writes what it encrypts */
  const char *rest = c->tls ? NULL : conn_unwritten(c, &n);
  pass_head head = {.mark = PASS_MARK, .listener = c->listener, .unwritten = (uint32_t)(n + m),
                    .secure = c->secure, .from = c->from, .peer = c->peer};
  buf_init(b, PASS_MAX);
  if (n + m > PASS_MAX || buf_add(b, &head, sizeof head) < 0) return HOST_ELIMIT;
  return buf_add(b, rest, n) < 0 || buf_add(b, c->out.p, m) < 0 ? HOST_ELIMIT : 0;
}

static int pass_whole(conn *c, int worker, const buf *b) {
  uv_os_fd_t fd;
  if (uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0) return HOST_EGONE;
  return send_to(worker, fd, b->p, b->n);
}

static int pass_conversation(conn *c, int worker, const buf *b) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair)) return HOST_EFULL;
  int e = relay_open(c, pair[0]) < 0 ? HOST_EFULL : send_to(worker, pair[1], b->p, b->n);
  close(pair[1]);
  if (e < 0) relay_close(c);
  return e;
}

int pass_send(conn *c, int worker, buf *b) {
  if (buf_add(b, c->in.p ? c->in.p + c->in_taken : NULL, conn_held(c)) < 0) return HOST_ELIMIT;
  return c->tls ? pass_conversation(c, worker, b) : pass_whole(c, worker, b);
}

void pass_leave(conn *c) {
  if (c->relay) relay_begin(c);
  else conn_close(c); /* only our descriptor: the other worker holds the connection */
}

static bool take_head(pass_head *head, const void *bytes, size_t n) {
  if (n < sizeof *head) return false;
  memcpy(head, bytes, sizeof *head);
  return head->mark == PASS_MARK && head->unwritten <= n - sizeof *head;
}

void pass_adopt(int fd, const void *bytes, size_t n) {
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

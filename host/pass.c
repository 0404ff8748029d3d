/* SPDX-License-Identifier: MIT
 * pass.c -- a connection and its unanswered request go to another worker (Engine.IO long-polling needs
 * it: a session lives in one process).  The other side parses the request again and sees it as its own.
 *
 * Owns: nothing.  Must never: lose a byte of what was read, or answer what it has passed on. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus.h"
#include "conn.h"
#include "log.h"

enum { PASS_MAX = 4 * 1024 * 1024, PASS_MARK = 0x31534148 };

typedef struct {
  uint32_t mark, listener, unwritten; /* then: unwritten bytes, the request, what was read behind it */
} pass_head;

static int describe(const request *r, buf *b) {
  const conn *c = r->c;
  size_t n;
  const char *rest = conn_unwritten(c, &n);
  pass_head head = {PASS_MARK, c->listener, (uint32_t)(n + c->out.n)};
  if (n + c->out.n > PASS_MAX || buf_add(b, &head, sizeof head) < 0) return -1;
  if (buf_add(b, rest, n) < 0 || buf_add(b, c->out.p, c->out.n) < 0) return -1;
  if (http1_raw(&r->h, b) < 0) return -1;
  return buf_add(b, c->in.p ? c->in.p + c->in_taken : NULL, c->in.n - c->in_taken);
}

int host_pass(host_id id, int worker) {
  request *r = (request *)op_find(id, OP_REQUEST);
  if (!r || !r->c) return HOST_EGONE;
  if (r->state != REQ_IN_FLIGHT) return HOST_EINVAL;
  conn *c = r->c;
  uv_os_fd_t fd;
  buf b;
  buf_init(&b, PASS_MAX);
  int e = HOST_ELIMIT;
  if (describe(r, &b) < 0) goto out;
  e = uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0 ? HOST_EGONE : bus_send_conn(worker, fd, b.p, b.n);
  if (e < 0) goto out;
  c->req = NULL;
  request_retire(r);
  conn_close(c); /* only our descriptor: the other worker holds the connection */
out:
  buf_free(&b);
  return e < 0 ? e : 0;
}

void conn_adopt(int fd, const void *bytes, size_t n) {
  struct sockaddr_storage peer = {0};
  socklen_t peer_n = sizeof peer;
  pass_head head;
  if (n < sizeof head || memcpy(&head, bytes, sizeof head) == NULL || head.mark != PASS_MARK ||
      head.unwritten > n - sizeof head || getpeername(fd, (struct sockaddr *)&peer, &peer_n) < 0) {
    log_fmt(LOG_WARN, "a connection from another worker could not be taken over");
    close(fd);
    return;
  }
  conn *c = conn_open(fd, (int)head.listener, (struct sockaddr *)&peer);
  if (!c) return;
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

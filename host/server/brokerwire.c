/* SPDX-License-Identifier: MIT
 * brokerwire.c -- see brokerwire.h.  Owns nothing; received descriptors belong to the caller. */
#include "server/brokerwire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

typedef union {
  struct cmsghdr head;
  char bytes[CMSG_SPACE(WIRE_FDS * sizeof(int))];
} passing;

/* ---- reading a request ---- */

/* The next string of the message, or NULL. */
static char *next(char **at, const char *end) {
  char *text = *at, *nul = memchr(text, 0, (size_t)(end - text));
  if (nul) *at = nul + 1;
  return nul ? text : NULL;
}

static int take(char **at, const char *end, uint32_t n, char **out) {
  if (n > WIRE_STRINGS) return -1;
  for (uint32_t i = 0; i < n; i++)
    if (!(out[i] = next(at, end))) return -1;
  out[n] = NULL;
  return 0;
}

int wire_read(char *message, size_t n, wire_call *call) {
  char *at = message + sizeof call->head, *end = message + n;
  if (n < sizeof call->head) return -1;
  memcpy(&call->head, message, sizeof call->head);
  const wire_head *h = &call->head;
  if (!(call->directory = next(&at, end))) return -1;
  if (take(&at, end, h->args, call->args) || take(&at, end, h->env, call->env)) return -1;
  if (take(&at, end, h->read, call->read) || take(&at, end, h->write, call->write)) return -1;
  return at == end && h->args && *call->args[0] ? 0 : -1;
}

/* ---- messages ---- */

static size_t passed_in(struct msghdr *message, int fds[WIRE_FDS]) {
  size_t n = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t more = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (n + more > WIRE_FDS) more = WIRE_FDS - n;
    memcpy(fds + n, CMSG_DATA(c), more * sizeof(int));
    n += more;
  }
  return n;
}

long wire_receive(int channel, char *out, size_t max, int fds[WIRE_FDS]) {
  passing control;
  struct iovec part = {.iov_base = out, .iov_len = max};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t n = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return -1;
  size_t passed = passed_in(&message, fds);
  if (n && passed == WIRE_FDS && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) return n;
  while (passed) close(fds[--passed]);
  errno = EBADMSG;
  return -1;
}

int wire_send(int channel, const char *message, size_t n, const int fds[WIRE_FDS]) {
  passing control = {0};
  struct iovec part = {.iov_base = (void *)(uintptr_t)message, .iov_len = n};
  struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
  control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(WIRE_FDS * sizeof(int)),
                                  .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.head), fds, WIRE_FDS * sizeof(int));
  return sendmsg(channel, &out, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int wire_say(int line, const wire_answer *answer) {
  return send(line, answer, sizeof *answer, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

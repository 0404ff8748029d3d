/* SPDX-License-Identifier: MIT
 * link.c -- see link.h.  Owns nothing: both ends keep their descriptor.  A received descriptor belongs
 * to the caller of link_receive(). */
#include "core/link.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = offsetof(link_message, text) };

int link_pair(int fd[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd);
}

int link_send(int fd, const link_message *m, int passed_fd) {
  union { struct cmsghdr head; char bytes[CMSG_SPACE(sizeof(int))]; } control = {0};
  struct iovec part = {.iov_base = (void *)(uintptr_t)m, .iov_len = HEAD + strlen(m->text) + 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (passed_fd >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &passed_fd, sizeof passed_fd);
  }
  return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int passed_in(struct msghdr *message) {
  int fd = -1;
  struct cmsghdr *head = CMSG_FIRSTHDR(message);
  if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
    memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return fd;
}

int link_receive(int fd, link_message *m, int *passed_fd) {
  union { struct cmsghdr head; char bytes[CMSG_SPACE(sizeof(int))]; } control;
  struct iovec part = {.iov_base = m, .iov_len = sizeof *m};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  *passed_fd = -1;
  ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? -1 : 0;
  *passed_fd = passed_in(&message);
  if (n <= HEAD) return 0;
  m->text[sizeof m->text - 1] = 0;
  m->text[(size_t)n - HEAD - 1] = 0;
  return 1;
}

/* SPDX-License-Identifier: MIT
 * notify.c -- one datagram to the socket that systemd names in NOTIFY_SOCKET (sd_notify(3)). */
#include "server/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_systemd(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof to.sun_path) return;
  size_t n = strlen(path);
  memcpy(to.sun_path, path, n);
  if (*path == '@') to.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
  (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, length);
  close(fd);
}

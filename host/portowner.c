/* SPDX-License-Identifier: MIT
 * portowner.c -- see portowner.h.  /proc/net/tcp and tcp6 name the socket that listens (proc(5)), the
 * descriptors of processes name whose it is; those of others are visible to root alone. */
#include "portowner.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TCP_STATE_LISTEN = 0x0A };

static int can_listen(const char *address, int port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  const struct sockaddr *at = (const struct sockaddr *)(const void *)&v4;
  socklen_t size = sizeof v4;
  if (inet_pton(AF_INET, address, &v4.sin_addr) != 1) {
    if (inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) return errno = EINVAL, -1;
    at = (const struct sockaddr *)(const void *)&v6;
    size = sizeof v6;
  }
  int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one); /* as the server does */
  int failed = bind(fd, at, size) || listen(fd, 1), why = errno;
  close(fd);
  errno = why;
  return failed ? -1 : 0;
}

/* A line of the table: "0: 0100007F:0F47 00000000:0000 0A 0:0 0:0 0 UID 0 INODE ..".  The inode when
 * that is a socket listening on the port; else 0. */
static unsigned long inode_of(char *line, int port) {
  char *field[10], *rest = line;
  for (size_t i = 0; i < sizeof field / sizeof *field; i++)
    if (!(field[i] = strtok_r(i ? NULL : line, " \n", &rest))) return 0;
  const char *colon = strchr(field[1], ':');
  if (!colon || strtol(colon + 1, NULL, 16) != port) return 0;
  return strtol(field[3], NULL, 16) == TCP_STATE_LISTEN ? strtoul(field[9], NULL, 10) : 0;
}

/* The inode of a socket that listens on the port; 0: none. */
static unsigned long listener(const char *table, int port) {
  char line[512];
  unsigned long inode = 0;
  FILE *f = fopen(table, "re");
  if (!f) return 0;
  while (!inode && fgets(line, sizeof line, f)) inode = inode_of(line, port);
  fclose(f);
  return inode;
}

static bool has_socket(const char *pid, const char *wanted) {
  char path[300], link[300], target[64];
  const struct dirent *e;
  bool found = false;
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR *d = opendir(path);
  while (d && !found && (e = readdir(d))) {
    int n = snprintf(link, sizeof link, "/proc/%s/fd/%s", pid, e->d_name);
    ssize_t k = n < (int)sizeof link ? readlink(link, target, sizeof target - 1) : -1;
    if (k <= 0) continue;
    target[k] = 0;
    found = !strcmp(target, wanted);
  }
  if (d) closedir(d);
  return found;
}

static void name_process(const char *pid, char *out, size_t n) {
  char path[300], name[64] = "?";
  snprintf(path, sizeof path, "/proc/%s/comm", pid);
  FILE *f = fopen(path, "re");
  if (f && fgets(name, sizeof name, f)) name[strcspn(name, "\n")] = 0;
  if (f) fclose(f);
  snprintf(out, n, " by %s (process %ld)", name, strtol(pid, NULL, 10));
}

/* " by NAME (process N)", or "". */
static void find_owner(int port, char *out, size_t n) {
  char wanted[64];
  const struct dirent *e;
  out[0] = 0;
  unsigned long inode = listener("/proc/net/tcp", port);
  if (!inode) inode = listener("/proc/net/tcp6", port);
  DIR *d = inode ? opendir("/proc") : NULL;
  snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
  while (d && !*out && (e = readdir(d)))
    if (isdigit((unsigned char)e->d_name[0]) && has_socket(e->d_name, wanted))
      name_process(e->d_name, out, n);
  if (d) closedir(d);
}

int portowner_ask(const char *arg, char *out, size_t n) {
  char address[64], owner[160] = "";
  const char *space = strchr(arg, ' ');
  snprintf(address, sizeof address, "%.*s", space ? (int)(space - arg) : 0, arg);
  int port = space ? (int)strtol(space, NULL, 10) : 0;
  out[0] = 0;
  if (!can_listen(address, port)) return 0;
  int why = errno;
  if (why == EADDRINUSE) find_owner(port, owner, sizeof owner);
  snprintf(out, n, "%s%s", strerror(why), owner);
  return -1;
}

/* SPDX-License-Identifier: MIT
 * portowner.c -- see portowner.h.  /proc/net/tcp and tcp6 list the sockets (proc(5)); /proc/PID/fd
 * shows which process has one open, but only root sees other users' processes.  Owns nothing. */
#include "net/portowner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/procs.h"

enum { TCP_STATE_TIME_WAIT = 0x06, TCP_STATE_LISTEN = 0x0A, OWNERS_MAX = 32 };

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

/* ---- which socket ---- */

typedef struct {
  struct in6_addr at; /* IPv4 as ::ffff:a.b.c.d */
  int port, state;
  unsigned uid;
  unsigned long inode;
} row;

static struct in6_addr mapped(uint32_t v4) {
  struct in6_addr out = {0};
  out.s6_addr[10] = out.s6_addr[11] = 0xff;
  memcpy(out.s6_addr + 12, &v4, sizeof v4);
  return out;
}

static bool overlap(const struct in6_addr *a, const struct in6_addr *b) {
  static const uint32_t any_v4 = 0;
  if (!memcmp(a, &in6addr_any, sizeof *a) || !memcmp(b, &in6addr_any, sizeof *b)) return true;
  if (!memcmp(a, b, sizeof *a)) return true;
  return IN6_IS_ADDR_V4MAPPED(a) && IN6_IS_ADDR_V4MAPPED(b) &&
         (!memcmp(a->s6_addr + 12, &any_v4, 4) || !memcmp(b->s6_addr + 12, &any_v4, 4));
}

/* "0100007F" or "00000000000000000000000001000000": the address in words of native byte order. */
static struct in6_addr read_address(const char *hex, size_t n) {
  uint32_t word[4] = {0};
  char one[9] = "";
  for (size_t i = 0; i < 4 && 8 * i + 8 <= n; i++) {
    memcpy(one, hex + 8 * i, 8);
    word[i] = (uint32_t)strtoul(one, NULL, 16);
  }
  if (n <= 8) return mapped(word[0]);
  struct in6_addr out;
  memcpy(&out, word, sizeof out);
  return out;
}

/* A line of the table: "0: 0100007F:0F47 00000000:0000 0A 0:0 0:0 0 UID 0 INODE ..". */
static bool read_row(char *line, row *r) {
  char *field[10], *rest = line;
  for (size_t i = 0; i < sizeof field / sizeof *field; i++)
    if (!(field[i] = strtok_r(i ? NULL : line, " \n", &rest))) return false;
  const char *colon = strchr(field[1], ':');
  if (!colon) return false;
  *r = (row){.at = read_address(field[1], (size_t)(colon - field[1])),
             .port = (int)strtol(colon + 1, NULL, 16), .state = (int)strtol(field[3], NULL, 16),
             .uid = (unsigned)strtoul(field[7], NULL, 10), .inode = strtoul(field[9], NULL, 10)};
  return r->inode || r->state == TCP_STATE_TIME_WAIT;
}

/* Finds the socket that occupies this address; prefers one that listens. */
static bool find_socket(const char *table, const struct in6_addr *at, int port, row *out) {
  char line[512];
  row r;
  bool found = false;
  FILE *f = fopen(table, "re");
  while (f && fgets(line, sizeof line, f)) {
    if (!read_row(line, &r) || r.port != port || !overlap(&r.at, at)) continue;
    if (found && r.state != TCP_STATE_LISTEN) continue;
    *out = r;
    found = true;
    if (r.state == TCP_STATE_LISTEN) break;
  }
  if (f) fclose(f);
  return found;
}

static struct in6_addr address_of(const char *text) {
  struct in6_addr v6;
  struct in_addr v4;
  if (inet_pton(AF_INET, text, &v4) == 1) return mapped(v4.s_addr);
  return inet_pton(AF_INET6, text, &v6) == 1 ? v6 : in6addr_any;
}

/* ---- whose socket ---- */

static void name_user(unsigned uid, char *out, size_t n) {
  const struct passwd *user = getpwuid(uid);
  if (user) snprintf(out, n, "a program of user %s", user->pw_name);
  else snprintf(out, n, "a program of user %u", uid);
}

portowner_state portowner_find(const char *address, int port, char *out, size_t n) {
  struct in6_addr at = address_of(address);
  char wanted[64];
  pid_t pids[OWNERS_MAX];
  row r;
  out[0] = 0;
  if (!find_socket("/proc/net/tcp", &at, port, &r) && !find_socket("/proc/net/tcp6", &at, port, &r))
    return PORTOWNER_UNKNOWN;
  if (r.state == TCP_STATE_TIME_WAIT) return PORTOWNER_ENDING;
  snprintf(wanted, sizeof wanted, "socket:[%lu]", r.inode);
  int found = procs_with(wanted, pids, OWNERS_MAX);
  for (int i = 0; i < found && i < OWNERS_MAX; i++) {
    if (!procs_runs(pids[i])) continue;
    procs_name(pids[i], out, n);
    return PORTOWNER_KNOWN;
  }
  if (found) return PORTOWNER_ENDING;
  name_user(r.uid, out, n);
  return PORTOWNER_KNOWN;
}

int portowner_ask(const char *arg, char *out, size_t n) {
  char address[64], owner[160] = "";
  const char *space = strchr(arg, ' ');
  snprintf(address, sizeof address, "%.*s", space ? (int)(space - arg) : 0, arg);
  int port = space ? (int)strtol(space, NULL, 10) : 0;
  out[0] = 0;
  if (!can_listen(address, port)) return 0;
  int why = errno;
  if (why == EADDRINUSE) portowner_find(address, port, owner, sizeof owner);
  snprintf(out, n, "%s%s%s", strerror(why), *owner ? " by " : "", owner);
  return -1;
}

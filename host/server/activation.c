/* SPDX-License-Identifier: MIT
 * activation.c -- see activation.h.  The protocol: LISTEN_FDS sockets from descriptor 3 on, meant for
 * process LISTEN_PID, with names in LISTEN_FDNAMES separated by colons.
 *
 * Owns: the inherited descriptors, until they are handed out.  Must never serve on a socket that
 * no setting names: it was opened for another purpose. */
#include "server/activation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/conftable.h"

enum { FIRST_FD = 3, HANDED_MAX = 8, FDNAME_MAX = 64 };

typedef struct {
  int fd, port;
  char name[FDNAME_MAX], host[INET6_ADDRSTRLEN];
  const char *setting; /* NULL: not matched yet */
} handed;

static struct {
  handed at[HANDED_MAX];
  int n;
} a;

static int refuse(const handed *s, const char *what) {
  fprintf(stderr, "socket activation: descriptor %d%s%s: %s\n", s->fd, *s->name ? ", named " : "",
          s->name, what);
  return -1;
}

/* ---- reading LISTEN_* ---- */

static int option(int fd, int name) {
  int value = -1;
  socklen_t n = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &n) ? -1 : value;
}

static bool is_unix(const handed *s) {
  return option(s->fd, SO_DOMAIN) == AF_UNIX;
}

static int read_address(handed *s) {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } at = {0};
  socklen_t n = sizeof at;
  if (getsockname(s->fd, &at.any, &n)) return refuse(s, strerror(errno));
  bool v4 = at.any.sa_family == AF_INET;
  if (!v4 && at.any.sa_family != AF_INET6) return refuse(s, "is not a TCP socket");
  inet_ntop(at.any.sa_family, v4 ? (void *)&at.v4.sin_addr : (void *)&at.v6.sin6_addr, s->host,
            sizeof s->host);
  s->port = ntohs(v4 ? at.v4.sin_port : at.v6.sin6_port);
  return 0;
}

static int take_one(handed *s) {
  int flags = fcntl(s->fd, F_GETFL);
  if (flags < 0) return refuse(s, strerror(errno));
  if ((option(s->fd, SO_PROTOCOL) != IPPROTO_TCP && !is_unix(s)) || option(s->fd, SO_TYPE) != SOCK_STREAM)
    return refuse(s, "is not a TCP socket, nor a Unix one (ListenStream= with ADDRESS:PORT or a path makes "
                  "one)");
  if (option(s->fd, SO_ACCEPTCONN) != 1) return refuse(s, "does not listen (Accept=no makes it)");
  if (fcntl(s->fd, F_SETFD, FD_CLOEXEC) || fcntl(s->fd, F_SETFL, flags | O_NONBLOCK))
    return refuse(s, strerror(errno));
  return is_unix(s) ? 0 : read_address(s);
}

/* The next of "a:b:c"; a name that does not fit is not a setting's. */
static const char *take_name(const char *names, char *out) {
  size_t n = strcspn(names, ":");
  if (n < FDNAME_MAX) snprintf(out, FDNAME_MAX, "%.*s", (int)n, names);
  return names + n + (names[n] == ':');
}

static void forget(void) {
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
}

int activation_take(void) {
  const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  const char *names = getenv("LISTEN_FDNAMES");
  long n = count ? strtol(count, NULL, 10) : 0;
  bool ours = pid && strtol(pid, NULL, 10) == (long)getpid();
  if (!ours || n <= 0) return forget(), 0;
  if (n > HANDED_MAX) {
    fprintf(stderr, "socket activation: %s sockets; at most %d can be taken\n", count, HANDED_MAX);
    return -1;
  }
  for (a.n = 0; a.n < n; a.n++) {
    handed *s = &a.at[a.n];
    s->fd = FIRST_FD + a.n;
    if (names) names = take_name(names, s->name);
    if (take_one(s)) return -1;
  }
  return forget(), 0;
}

/* ---- handing out ---- */

static handed *find(const char *port_name) {
  for (int i = 0; i < a.n; i++)
    if (!a.at[i].setting && !is_unix(&a.at[i]) && !strcmp(a.at[i].name, port_name)) return &a.at[i];
  for (int i = 0; i < a.n; i++)
    if (!a.at[i].setting && a.at[i].port && !conf_find(a.at[i].name) &&
        a.at[i].port == (int)conf_num(port_name))
      return &a.at[i];
  return NULL;
}

static int share(handed *s, const char *setting, int count, int *fds) {
  s->setting = setting;
  fds[0] = s->fd;
  for (int i = 1; i < count; i++) {
    fds[i] = fcntl(s->fd, F_DUPFD_CLOEXEC, FIRST_FD);
    if (fds[i] < 0) return refuse(s, strerror(errno));
  }
  return 0;
}

int activation_share(const char *port_name, int count, int *fds) {
  handed *s = find(port_name);
  return s ? share(s, port_name, count, fds) : 1;
}

int activation_share_unix(int count, int *fds, bool *is_agent) {
  for (int i = 0; i < a.n; i++) {
    handed *s = &a.at[i];
    if (s->setting || !is_unix(s)) continue;
    *is_agent = !strcmp(s->name, "agent_port");
    return share(s, "unix", count, fds);
  }
  return 1;
}

bool activation_has(const char *port_name) {
  for (int i = 0; i < a.n; i++)
    if (a.at[i].setting && !strcmp(a.at[i].setting, port_name)) return true;
  return false;
}

/* ---- updating the settings ---- */

static bool is_loopback(const char *host) {
  return !strcmp(host, "localhost") || !strcmp(host, "::1") || !strncmp(host, "127.", 4);
}

static int unmatched(const handed *s) {
  char what[256];
  snprintf(what, sizeof what, "listens on port %d of %s, which is in no setting, or in one that has "
           "a socket already; put it into `port` or `agent_port`, or name the socket after its "
           "setting (FileDescriptorName=port)", s->port, s->host);
  return refuse(s, what);
}

/* `host` decides who may do what, so a single socket that strangers can reach changes it. */
int activation_finish(void) {
  for (int i = 0; i < a.n; i++) {
    const handed *s = &a.at[i];
    char port[16];
    if (is_unix(s) && s->setting) continue;
    if (is_unix(s)) return refuse(s, "is one socket too many");
    if (!s->setting) return unmatched(s);
    snprintf(port, sizeof port, "%d", s->port);
    if (s->port != (int)conf_num(s->setting) && conf_set(s->setting, port)) return -1;
    if (is_loopback(conf_str("host")) && conf_set("host", s->host)) return -1;
  }
  return 0;
}

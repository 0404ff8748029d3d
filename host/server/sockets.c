/* SPDX-License-Identifier: MIT
 * sockets.c -- see sockets.h.  Owns nothing: the sockets belong to the caller. */
#include "server/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/conftable.h"
#include "core/log.h"
#include "core/procs.h"
#include "core/shm.h"
#include "net/portowner.h"
#include "net/tls.h"
#include "server/activation.h"

enum { BACKLOG = 4096, OWNER_MAX = 160 };
static const double TOLD_S = 1; /* TIME_WAIT lasts 60 s */
static const double limit_s[] = {[PORTOWNER_UNKNOWN] = 2, [PORTOWNER_ENDING] = 65, [PORTOWNER_KNOWN] = 0.2};

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address;

/* Returns the length of the address written to `a`, or 0 if `host` is no address. */
static socklen_t make_address(address *a, const char *host, int port) {
  *a = (address){0};
  if (!strcmp(host, "localhost")) host = "127.0.0.1";
  if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
    a->v4.sin_family = AF_INET;
    a->v4.sin_port = htons((uint16_t)port);
    return sizeof a->v4;
  }
  if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
    a->v6.sin6_family = AF_INET6;
    a->v6.sin6_port = htons((uint16_t)port);
    return sizeof a->v6;
  }
  return 0;
}

int sockets_check_host(void) {
  address a;
  if (make_address(&a, conf_str("host"), 0)) return 0;
  fprintf(stderr, "%s: host: must be an address of this machine, like 127.0.0.1, 0.0.0.0 or ::, "
          "not \"%s\"\n", conf_source("host"), conf_str("host"));
  return -1;
}

static int bound_socket(const address *a, socklen_t n, bool shared) {
  int one = 1, off = 0;
  int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one)) goto fail;
  if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one)) goto fail;
  if (a->any.sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (!bind(fd, &a->any, n)) return fd;
fail:;
  int why = errno;
  close(fd);
  errno = why;
  return -1;
}

static const char *flag_of(const char *port_name) {
  if (!strcmp(port_name, "port")) return "--port";
  return strcmp(port_name, "agent_port") ? "--set tls.redirect_port=N" : "--agent-port";
}

static const char *owner_of(const char *host, int port, char *out) {
  if (!strcmp(host, "localhost")) host = "127.0.0.1";
  portowner_find(host, port, out, OWNER_MAX);
  if (!*out) snprintf(out, OWNER_MAX, "another program");
  return out;
}

static int explain(const char *port_name, int port) {
  const char *host = conf_str("host");
  char owner[OWNER_MAX];
  if (errno == EADDRINUSE)
    fprintf(stderr, "%s: port %d on %s is taken by %s; stop it, or choose another one with %s\n",
            port_name, port, host, owner_of(host, port, owner), flag_of(port_name));
  else if (errno == EACCES)
    fprintf(stderr, "%s: port %d needs privileges; choose one above 1023\n", port_name, port);
  else if (errno == EMFILE)
    fprintf(stderr, "%s: too few open files are allowed (%ld): `ulimit -Hn`, or LimitNOFILE= of the unit, "
            "says how many\n", port_name, sysconf(_SC_OPEN_MAX));
  else if (errno == EADDRNOTAVAIL)
    fprintf(stderr, "host: %s is not an address of this machine\n", host);
  else
    fprintf(stderr, "%s: port %d on %s: %s\n", port_name, port, host, strerror(errno));
  return -1;
}

static int share(const address *a, socklen_t n, int count, int *fds) {
  for (int i = 0; i < count; i++) {
    fds[i] = bound_socket(a, n, true);
    if (fds[i] >= 0 && !listen(fds[i], BACKLOG)) continue;
    int why = errno;
    for (int j = 0; j <= i; j++)
      if (fds[j] >= 0) close(fds[j]);
    errno = why;
    return -1;
  }
  return 0;
}

/* Binds without SO_REUSEPORT first, which would also share the port with another host of ours. */
static int try_listen(const char *host, int port, int count, int *fds) {
  address a;
  socklen_t n = make_address(&a, host, port);
  int probe = bound_socket(&a, n, false);
  if (probe < 0) return -1;
  close(probe);
  return share(&a, n, count, fds);
}

/* Retries for a while if the port's owner is about to end. */
static int listen_at(const char *host, int port, int count, int *fds) {
  char owner[OWNER_MAX];
  bool told = false;
  for (double begin = shm_clock();;) {
    if (!try_listen(host, port, count, fds)) return 0;
    if (errno != EADDRINUSE) return -1;
    portowner_state state = portowner_find(host, port, owner, sizeof owner);
    double waited = shm_clock() - begin;
    errno = EADDRINUSE;
    if (waited > limit_s[state]) return -1;
    if (!told && waited > TOLD_S)
      log_fmt(LOG_INFO, "port %d on %s: waiting for what is just ending there", port, host);
    told = told || waited > TOLD_S;
    if (!procs_wait()) return errno = EINTR, -1;
  }
}

int sockets_listen(const char *port_name, int count, int *fds) {
  int port = (int)conf_num(port_name);
  int handed = activation_share(port_name, count, fds);
  if (handed <= 0) return handed;
  return listen_at(conf_str("host"), port, count, fds) ? explain(port_name, port) : 0;
}

/* With an inherited socket, whoever passed it has decided which addresses to serve. */
int sockets_listen_twin(const char *port_name, int count, int *fds) {
  address a;
  char owner[OWNER_MAX];
  make_address(&a, conf_str("host"), 0);
  if (a.any.sa_family != AF_INET || a.v4.sin_addr.s_addr != htonl(INADDR_LOOPBACK)) return 0;
  if (activation_has(port_name)) return 0;
  int port = (int)conf_num(port_name);
  if (!listen_at("::1", port, count, fds)) return 1;
  if (errno == EADDRINUSE)
    log_fmt(LOG_WARN, "%s: port %d on ::1 is taken by %s: clients of localhost may reach that one",
            port_name, port, owner_of("::1", port, owner));
  return 0;
}

int sockets_any(int *port) {
  address a;
  socklen_t n = make_address(&a, "127.0.0.1", 0);
  int fd = bound_socket(&a, n, false);
  if (fd < 0) return -1;
  if (listen(fd, BACKLOG) || getsockname(fd, &a.any, &n)) {
    close(fd);
    return -1;
  }
  *port = ntohs(a.v4.sin_port);
  return fd;
}

/* A server that listens on every address can be reached on loopback. */
static const char *reachable_host(void) {
  const char *host = conf_str("host");
  if (!strcmp(host, "0.0.0.0")) return "127.0.0.1";
  return strcmp(host, "::") ? host : "::1";
}

void sockets_url(const char *port_name, char *out, unsigned long n) {
  const char *host = reachable_host();
  bool v6 = strchr(host, ':') != NULL;
  snprintf(out, n, "http%s://%s%s%s:%.0f", tls_configured() ? "s" : "", v6 ? "[" : "", host,
           v6 ? "]" : "", conf_num(port_name));
}

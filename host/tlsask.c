/* SPDX-License-Identifier: MIT
 * tlsask.c -- see tls.h: being a client of a server of our own, as `human ping` and `human agent` are.
 * tls_ask() blocks, within the time limits that the socket has. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf.h"
#include "tls.h"

static bool begins(const char *url, const char *host) {
  char base[128];
  int n = snprintf(base, sizeof base, "https://%s:%.0f", host, conf_num("port"));
  return n < (int)sizeof base && !strncmp(url, base, (size_t)n) && strchr("/?#", url[n]);
}

static bool can_bind(int family, const void *address, socklen_t n) {
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool bound = fd >= 0 && !bind(fd, address, n);
  if (fd >= 0) close(fd);
  return bound;
}

/* An address of this machine can be bound, another's cannot. */
static bool is_local(const char *host) {
  struct sockaddr_in v4 = {.sin_family = AF_INET};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
  if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) return can_bind(AF_INET, &v4, sizeof v4);
  return inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 && can_bind(AF_INET6, &v6, sizeof v6);
}

bool tls_is_own(const char *url) {
  const char *host = conf_str("host");
  char v6[64];
  if (!tls_configured()) return false;
  if (begins(url, "127.0.0.1") || begins(url, "localhost") || begins(url, "[::1]")) return true;
  snprintf(v6, sizeof v6, "[%.60s]", host);
  return (begins(url, host) || begins(url, v6)) && is_local(host);
}

static long read_all(SSL *ssl, char *answer, size_t room) {
  size_t got = 0, k;
  while (got < room && SSL_read_ex(ssl, answer + got, room - got, &k) == 1) got += k;
  return got ? (long)got : -1;
}

long tls_ask(int fd, const char *request, size_t n, char *answer, size_t room) {
  size_t done;
  long got = -1;
  SSL *ssl = NULL;
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  errno = ENOMEM;
  if (!ctx || !(ssl = SSL_new(ctx)) || SSL_set_fd(ssl, fd) != 1) goto out;
  errno = EPROTO; /* unless a system call says more */
  if (SSL_connect(ssl) == 1 && SSL_write_ex(ssl, request, n, &done) == 1)
    got = read_all(ssl, answer, room);
out:;
  int why = errno;
  SSL_free(ssl);
  SSL_CTX_free(ctx);
  ERR_clear_error();
  errno = why;
  return got;
}

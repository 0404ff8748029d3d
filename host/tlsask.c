/* SPDX-License-Identifier: MIT
 * tlsask.c -- see tls.h: one question to a server of our own, for `human ping`.  Blocks, within the
 * time limits that the socket has. */
#include <errno.h>
#include <openssl/err.h>

#include "tls.h"

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

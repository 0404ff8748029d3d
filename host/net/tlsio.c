/* SPDX-License-Identifier: MIT
 * tlsio.c -- see tlsio.h: one connection, between plaintext and ciphertext.
 *
 * OpenSSL reads from the caller's bytes and writes into a growing buffer, so it never waits for a
 * socket.  Owns: the SSL, the wire buffer.  Must never: keep the caller's bytes beyond the loop of
 * tlsio_take() calls, or mix its error queue with another connection's. */
#include "net/tlsio.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "net/tls.h"

struct tls {
  SSL *ssl;
  const char *in; /* input not yet consumed; borrowed */
  size_t in_n;
  buf wire;
  bool failed, ended;
};

/* ---- between OpenSSL and the buffers ---- */

static int bio_read(BIO *bio, char *to, size_t room, size_t *n) {
  tls *t = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  *n = t->in_n < room ? t->in_n : room;
  if (*n == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  memcpy(to, t->in, *n);
  t->in += *n;
  t->in_n -= *n;
  return 1;
}

static int bio_write(BIO *bio, const char *p, size_t room, size_t *n) {
  tls *t = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (buf_add(&t->wire, p, room) < 0) return 0;
  *n = room;
  return 1;
}

static long bio_control(BIO *bio, int command, long number, void *p) {
  (void)bio, (void)number, (void)p;
  return command == BIO_CTRL_FLUSH;
}

static BIO *make_bio(tls *t) {
  static BIO_METHOD *method;
  if (!method) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
    if (!method || !BIO_meth_set_read_ex(method, bio_read) ||
        !BIO_meth_set_write_ex(method, bio_write) || !BIO_meth_set_ctrl(method, bio_control)) {
      BIO_meth_free(method);
      method = NULL;
      return NULL;
    }
  }
  BIO *bio = BIO_new(method);
  if (!bio) return NULL;
  BIO_set_data(bio, t);
  BIO_set_init(bio, 1);
  return bio;
}

/* ---- beginning and end ---- */

tls *tlsio_open(void) {
  BIO *bio = NULL;
  tls *t = calloc(1, sizeof *t);
  ERR_clear_error();
  if (!t || !(t->ssl = SSL_new(tls_context())) || !(bio = make_bio(t))) {
    tlsio_free(t);
    return NULL;
  }
  SSL_set_bio(t->ssl, bio, bio);
  SSL_set_accept_state(t->ssl);
  return t;
}

void tlsio_free(tls *t) {
  if (!t) return;
  SSL_free(t->ssl);
  buf_free(&t->wire);
  free(t);
}

/* ---- receiving ---- */

void tlsio_give(tls *t, const char *p, size_t n) {
  t->in = p;
  t->in_n = n;
}

static bool is_plain_http(unsigned long e) {
  return ERR_GET_LIB(e) == ERR_LIB_SSL &&
         (ERR_GET_REASON(e) == SSL_R_HTTP_REQUEST || ERR_GET_REASON(e) == SSL_R_HTTPS_PROXY_REQUEST);
}

/* Any client can cause this, so it is logged at debug level only. */
static int refuse(tls *t) {
  unsigned long e = ERR_peek_error();
  const char *reason = ERR_reason_error_string(e);
  t->failed = true;
  t->in_n = 0;
  if (is_plain_http(e)) {
    ERR_clear_error();
    return TLSIO_PLAIN;
  }
  log_fmt(LOG_DEBUG, "TLS: %s: %s", SSL_state_string_long(t->ssl), reason ? reason : "connection closed");
  ERR_clear_error();
  return TLSIO_FAILED;
}

int tlsio_take(tls *t, char *to) {
  size_t n;
  if (t->failed) return TLSIO_FAILED;
  if (t->ended) return TLSIO_END;
  ERR_clear_error();
  if (SSL_read_ex(t->ssl, to, TLSIO_RECORD, &n) == 1) return (int)n;
  switch (SSL_get_error(t->ssl, 0)) {
  case SSL_ERROR_WANT_READ: break;
  case SSL_ERROR_ZERO_RETURN: t->ended = true; return TLSIO_END;
  default: return refuse(t);
  }
  if (t->wire.n <= TLSIO_WIRE_MAX) return TLSIO_MORE;
  log_fmt(LOG_DEBUG, "TLS: the client asks for more answers than it reads");
  t->failed = true;
  return TLSIO_FAILED;
}

/* ---- sending ---- */

buf *tlsio_wire(tls *t) {
  return &t->wire;
}

/* A record's overhead is at most 5 bytes of header, 8 of nonce, 1 of type and 16 of tag. */
static bool reserve(tls *t, size_t n) {
  return buf_reserve(&t->wire, n + (n / TLSIO_RECORD + 2) * 32) != NULL;
}

int tlsio_seal(tls *t, const buf *plain, bool end) {
  size_t done;
  ERR_clear_error();
  if (plain->n && !t->failed) {
    if (!reserve(t, plain->n)) return -1;
    if (SSL_write_ex(t->ssl, plain->p, plain->n, &done) != 1 || done != plain->n) {
      ERR_clear_error();
      t->failed = true;
      return -1;
    }
  }
  if (end && !t->failed && SSL_is_init_finished(t->ssl) &&
      !(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN))
    SSL_shutdown(t->ssl);
  ERR_clear_error();
  return 0;
}

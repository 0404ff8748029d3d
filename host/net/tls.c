/* SPDX-License-Identifier: MIT
 * tls.c -- see tls.h: which certificate a client gets, and the negotiated parameters.
 *
 * Owns: the certificates in use and, during a reload, their replacements.  Every connection holds the
 * SSL_CTX that it began with, so a set may be dropped at any time. */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/conftable.h"
#include "net/tlscert.h"
#include "net/tlskeys.h"

/* Forward secrecy and authenticated encryption only (RFC
 * 9325, 4.2).  All ciphers of TLS 1.3 qualify. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aPSK:!aNULL"
#define CURVES "X25519:P-256:P-384"

enum { SESSION_S = 7200 };

typedef struct {
  int n;
  SSL_CTX *ctx[TLS_CERTS_MAX]; /* the first serves clients that name no host or an unknown one */
} cert_set;

static cert_set sets[2];
static int used; /* index of the set in use */
static bool prepared;
static pid_t started_by; /* the supervisor, so that workers do not repeat its warnings */

bool tls_configured(void) {
  return *conf_str("tls.certificate") || *conf_str("tls.directory");
}

bool tls_on(void) {
  return sets[used].n > 0;
}

SSL_CTX *tls_context(void) {
  return sets[used].ctx[0];
}

/* The digest of a SubjectPublicKeyInfo (RFC 7469, 2.4). */
void tls_pin(char *out) {
  unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
  *out = 0;
  if (!tls_on()) return;
  int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(SSL_CTX_get0_certificate(tls_context())), &der);
  if (n <= 0) return;
  SHA256(der, (size_t)n, digest);
  OPENSSL_free(der);
  memcpy(out, "sha256//", 8);
  EVP_EncodeBlock((unsigned char *)out + 8, digest, sizeof digest);
}

/* ---- negotiation ---- */

static SSL_CTX *match(const char *name, unsigned flags) {
  const cert_set *s = &sets[used];
  for (int i = 0; i < s->n; i++)
    if (X509_check_host(SSL_CTX_get0_certificate(s->ctx[i]), name, 0, flags, NULL) == 1)
      return s->ctx[i];
  return NULL;
}

/* SNI (RFC 6066, 3): prefers a certificate for the exact name to one with a wildcard. */
static int on_name(SSL *ssl, int *alert, void *arg) {
  (void)alert, (void)arg;
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name || !*name) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX *ctx = match(name, X509_CHECK_FLAG_NO_WILDCARDS);
  if (!ctx) ctx = match(name, 0);
  if (!ctx) return SSL_TLSEXT_ERR_NOACK;
  if (ctx != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, ctx);
  return SSL_TLSEXT_ERR_OK;
}

/* Refuses a client that offers only other protocols: it would not understand us (RFC 7301, 3.2). */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
                   unsigned in_n, void *arg) {
  static const unsigned char ours[] = "\x08http/1.1";
  unsigned char *chosen;
  (void)ssl, (void)arg;
  if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

static bool set_rules(SSL_CTX *ctx) {
  static const unsigned char id[] = "human";
  bool only_13 = !strcmp(conf_str("tls.min_version"), "1.3");
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets: every worker can read them */
  SSL_CTX_set_timeout(ctx, SESSION_S);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, tlskeys_on_ticket);
  SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
  SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
  return SSL_CTX_set_min_proto_version(ctx, only_13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 && SSL_CTX_set1_groups_list(ctx, CURVES) == 1 &&
         SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1) == 1;
}

/* ---- loading ---- */

static void drop(cert_set *s) {
  for (int i = 0; i < s->n; i++) SSL_CTX_free(s->ctx[i]);
  s->n = 0;
}

static int add_pair(void *arg, X509 *leaf, STACK_OF(X509) *chain, EVP_PKEY *key) {
  cert_set *s = arg;
  if (s->n == TLS_CERTS_MAX) return -1;
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (ctx && set_rules(ctx) && SSL_CTX_use_cert_and_key(ctx, leaf, key, chain, 1) == 1) {
    s->ctx[s->n++] = ctx;
    return 0;
  }
  SSL_CTX_free(ctx);
  return -1;
}

int tls_prepare(char *why, size_t n) {
  tls_abort();
  if (!tls_configured()) return 0;
  tlscert_reader r = {.why = why, .why_n = n, .quiet = started_by != getpid(),
                      .on_pair = add_pair, .arg = &sets[!used]};
  if (tlscert_read(&r) < 0) {
    drop(&sets[!used]);
    return -1;
  }
  prepared = true;
  return 0;
}

void tls_commit(void) {
  if (!prepared) return;
  prepared = false;
  used = !used;
  drop(&sets[!used]);
}

void tls_abort(void) {
  prepared = false;
  drop(&sets[!used]);
}

/* Settings that only make sense together. */
static const char *contradiction(void) {
  if (*conf_str("tls.key") && !*conf_str("tls.certificate")) return "tls.key";
  return conf_num("tls.redirect_port") != 0 && !tls_configured() ? "tls.redirect_port" : NULL;
}

int tls_start(void) {
  char why[1024];
  const char *wrong = contradiction();
  if (wrong) {
    fprintf(stderr, "%s: %s: has no meaning without tls.certificate%s\n", conf_source(wrong), wrong,
            strcmp(wrong, "tls.key") ? " or tls.directory" : "");
    return -1;
  }
  started_by = getpid();
  if (!tls_configured()) return 0;
  if (tlskeys_init()) {
    perror("keys of TLS sessions");
    return -1;
  }
  if (tls_prepare(why, sizeof why)) {
    fprintf(stderr, "%s\n", why);
    return -1;
  }
  tls_commit();
  return 0;
}

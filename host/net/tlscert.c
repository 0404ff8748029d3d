/* SPDX-License-Identifier: MIT
 * tlscert.c -- see tlscert.h.  A key that others may read, that asks for a password or that belongs to
 * another certificate is refused with the name of its setting and file.
 *
 * Owns nothing: passes each pair to the reader's function and frees it. */
#include "net/tlscert.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/conf.h"
#include "core/conftable.h"
#include "core/log.h"

enum { CHAIN_MAX = 16, ENTRIES_MAX = 4096, FILE_MAX = 1048576 };

static int fail(const tlscert_reader *r, const char *file, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(const tlscert_reader *r, const char *file, const char *fmt, ...) {
  char reason[256];
  va_list args;
  va_start(args, fmt);
  vsnprintf(reason, sizeof reason, fmt, args);
  va_end(args);
  snprintf(r->why, r->why_n, "%s: %s: %s: %s", conf_source(r->setting), r->setting, file, reason);
  ERR_clear_error();
  return -1;
}

/* OpenSSL's own message. */
static const char *openssl_reason(void) {
  const char *reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason ? reason : "not understood";
}

/* ---- one file ---- */

static FILE *open_file(const tlscert_reader *r, const char *path, struct stat *st) {
  FILE *f = fopen(path, "re");
  if (!f) {
    fail(r, path, "%s", strerror(errno));
    return NULL;
  }
  if (!fstat(fileno(f), st) && S_ISREG(st->st_mode) && st->st_size <= FILE_MAX) return f;
  fail(r, path, "not a file of at most %d bytes", FILE_MAX);
  fclose(f);
  return NULL;
}

/* The first certificate is the server's own; the others are the chain to its issuer. */
static int read_chain(const tlscert_reader *r, const char *path, X509 **leaf, STACK_OF(X509) *chain) {
  struct stat st;
  X509 *next;
  FILE *f = open_file(r, path, &st);
  if (!f) return -1;
  *leaf = PEM_read_X509(f, NULL, NULL, NULL);
  int e = *leaf ? 0 : fail(r, path, "no certificate in PEM form is in it (%s)", openssl_reason());
  while (!e && (next = PEM_read_X509(f, NULL, NULL, NULL))) {
    if (sk_X509_num(chain) < CHAIN_MAX && sk_X509_push(chain, next)) continue;
    X509_free(next);
    e = fail(r, path, "more than %d certificates are in it", CHAIN_MAX);
  }
  if (!e && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    e = fail(r, path, "a certificate behind the first one is damaged (%s)", openssl_reason());
  ERR_clear_error();
  fclose(f);
  return e;
}

static int no_password(char *text, int room, int writing, void *asked) {
  (void)text, (void)room, (void)writing;
  *(bool *)asked = true;
  return -1;
}

static EVP_PKEY *read_key(const tlscert_reader *r, const char *path) {
  struct stat st;
  bool asked = false;
  EVP_PKEY *key = NULL;
  FILE *f = open_file(r, path, &st);
  if (!f) return NULL;
  if (st.st_mode & S_IRWXO) {
    fail(r, path, "everybody on this machine may read or change this private key (mode %04o): "
         "chmod o= it", (unsigned)st.st_mode & 07777U);
    goto out;
  }
  key = PEM_read_PrivateKey(f, NULL, no_password, &asked);
  if (key) goto out;
  if (asked) fail(r, path, "the key is protected by a password, which nobody is there to type; store "
                  "it without one");
  else fail(r, path, "no private key in PEM form is in it (%s)", openssl_reason());
out:
  ERR_clear_error();
  fclose(f);
  return key;
}

/* ---- a pair ---- */

static void warn_of_dates(const char *path, const X509 *leaf) {
  char when[64] = "";
  struct tm tm;
  bool over = X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0;
  if (!over && X509_cmp_current_time(X509_get0_notBefore(leaf)) < 0) return;
  if (ASN1_TIME_to_tm(over ? X509_get0_notAfter(leaf) : X509_get0_notBefore(leaf), &tm))
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &tm);
  log_fmt(LOG_WARN, over ? "%s: the certificate has expired at %s: clients will refuse it"
                         : "%s: the certificate is not valid before %s: clients will refuse it",
          path, when);
}

static int read_pair(const tlscert_reader *r, const char *cert, const char *key_path) {
  X509 *leaf = NULL;
  EVP_PKEY *key = NULL;
  STACK_OF(X509) *chain = sk_X509_new_null();
  int e = chain ? read_chain(r, cert, &leaf, chain) : fail(r, cert, "out of memory");
  if (e) goto out;
  tlscert_reader of_key = *r;
  if (!strcmp(r->setting, "tls.certificate") && strcmp(cert, key_path)) of_key.setting = "tls.key";
  e = -1;
  if (!(key = read_key(&of_key, key_path))) goto out;
  if (X509_check_private_key(leaf, key) != 1) {
    fail(&of_key, key_path, "this key does not belong to the certificate in %s", cert);
    goto out;
  }
  if (!r->quiet) warn_of_dates(cert, leaf);
  e = r->on_pair(r->arg, leaf, chain, key);
  if (e) fail(r, cert, "OpenSSL refuses it: %s", openssl_reason());
out:
  X509_free(leaf);
  EVP_PKEY_free(key);
  sk_X509_pop_free(chain, X509_free);
  return e;
}

/* ---- a directory ---- */

static bool exists(const char *path) {
  struct stat st;
  return !stat(path, &st);
}

/* NAME.crt with NAME.key beside it, or a directory with fullchain.pem and privkey.pem, as ACME clients
 * keep them.  1: a pair; 0: something else, skipped; -1: an error. */
static int read_entry(const tlscert_reader *r, const char *dir, const char *name) {
  char cert[PATH_MAX], key[PATH_MAX];
  size_t n = strlen(name);
  if (snprintf(cert, sizeof cert, "%s/%s/fullchain.pem", dir, name) >= (int)sizeof cert) return 0;
  if (exists(cert)) {
    if (snprintf(key, sizeof key, "%s/%s/privkey.pem", dir, name) >= (int)sizeof key) return 0;
    return read_pair(r, cert, key) ? -1 : 1;
  }
  if (n < 5 || strcmp(name + n - 4, ".crt") != 0) return 0;
  snprintf(cert, sizeof cert, "%s/%s", dir, name);
  snprintf(key, sizeof key, "%s/%.*s.key", dir, (int)n - 4, name);
  return read_pair(r, cert, key) ? -1 : 1;
}

static int read_directory(tlscert_reader *r, const char *dir, int before) {
  struct dirent **entries;
  int count = before;
  int n = scandir(dir, &entries, NULL, alphasort);
  if (n < 0) return fail(r, dir, "%s", strerror(errno));
  if (n > ENTRIES_MAX) count = fail(r, dir, "more than %d entries", ENTRIES_MAX);
  for (int i = 0; i < n; i++) {
    if (count >= 0 && entries[i]->d_name[0] != '.') {
      int found = read_entry(r, dir, entries[i]->d_name);
      count = found < 0 ? -1 : count + found;
      if (count > TLS_CERTS_MAX) count = fail(r, dir, "more than %d certificates", TLS_CERTS_MAX);
    }
    free(entries[i]);
  }
  free(entries);
  if (count == 0)
    return fail(r, dir, "no certificate is in it: NAME.crt with NAME.key, or NAME/fullchain.pem with "
                "NAME/privkey.pem");
  return count;
}

int tlscert_read(tlscert_reader *r) {
  const char *cert = conf_str("tls.certificate"), *key = conf_str("tls.key");
  int count = 0;
  if (*cert) {
    r->setting = "tls.certificate";
    if (read_pair(r, cert, *key ? key : cert)) return -1;
    count = 1;
  }
  r->setting = "tls.directory";
  return *conf_str("tls.directory") ? read_directory(r, conf_str("tls.directory"), count) : count;
}

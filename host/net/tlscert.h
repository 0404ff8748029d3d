/* SPDX-License-Identifier: MIT
 * tlscert.h -- certificates and keys from the files that the settings tls.* name. */
#ifndef HUMAN_TLSCERT_H
#define HUMAN_TLSCERT_H
#include <openssl/ssl.h>
#include <stdbool.h>

enum { TLS_CERTS_MAX = 100 };

typedef struct {
  char *why;     /* set on failure: setting, file, reason */
  size_t why_n;
  const char *setting;
  bool quiet;    /* no warnings about dates: every worker reads the same files */
  int (*on_pair)(void *arg, X509 *leaf, STACK_OF(X509) *chain, EVP_PKEY *key); /* copies; 0 or -1 */
  void *arg;
} tlscert_reader;

/* Reads tls.certificate and tls.key first, then
 * tls.directory by name.  The number of pairs, or -1. */
int tlscert_read(tlscert_reader *r);
#endif

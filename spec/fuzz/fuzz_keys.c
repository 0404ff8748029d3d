/* SPDX-License-Identifier: MIT
 * fuzz_keys.c -- arbitrary keys, signatures and ciphertexts.  Forgeries are refused, genuine ones are
 * accepted; no error stays in OpenSSL's queue, where TLS would take it for its own. */
#include <openssl/err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static host_str cut(const uint8_t **p, size_t *left, size_t n) {
  if (n > *left) n = *left;
  host_str s = {(const char *)*p, (uint32_t)n};
  *p += n;
  *left -= n;
  return s;
}

/* A key that signs has a public key by which that verifies. */
static void check_pair(int kind, host_str *key, host_str *text) {
  host_str pair, signature;
  char public[65];
  if (host_key(kind, key, &pair) < 0) return;
  host_str half = {pair.p + 32, pair.n - 32};
  memcpy(public, half.p, half.n);
  half.p = public;
  if (key->n == 0) return;
  if (host_sign(kind, key, text, &signature) < 0) abort();
  if (host_verify(kind, &half, text, &signature) != 1) abort();
}

static void check_signatures(int kind, host_str *key, host_str *text) {
  host_str shared;
  check_pair(kind, key, text);
  host_verify(kind, key, text, text);
  host_ecdh(key, text, &shared);
  host_ecdh(key, key, &shared);
}

static void check_cipher(int encrypt, int decrypt, host_str *key, host_str *iv, host_str *text) {
  host_str made, opened, none = {"", 0};
  host_aes(decrypt, key, iv, &none, text, &opened);
  if (host_aes(encrypt, key, iv, &none, text, &made) < 0) return;
  char *kept = malloc(made.n + 1);
  if (!kept) return;
  memcpy(kept, made.p, made.n);
  made.p = kept;
  if (host_aes(decrypt, key, iv, &none, &made, &opened) < 0) abort();
  if (opened.n != text->n || (text->n && memcmp(opened.p, text->p, text->n) != 0)) abort();
  free(kept);
}

/* Three bytes say which kind, and how long the key and the nonce are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  host_str out;
  if (n < 3) return 0;
  const uint8_t *p = data + 3;
  size_t left = n - 3;
  host_str key = cut(&p, &left, data[1] % 70), iv = cut(&p, &left, data[2] % 70), text = cut(&p, &left, left);
  int kind = data[0] % 3;
  check_signatures(kind == 0 ? HOST_ED25519 : kind == 1 ? HOST_P256 : HOST_P256_DER, &key, &text);
  if (kind == 0) check_cipher(HOST_GCM_ENCRYPT, HOST_GCM_DECRYPT, &key, &iv, &text);
  else check_cipher(HOST_CBC_ENCRYPT, HOST_CBC_DECRYPT, &key, &iv, &text);
  host_hkdf(&key, &iv, &text, data[0] * 40, &out);
  host_hash(HOST_KECCAK256, &key, &text, &out);
  if (ERR_peek_error()) abort();
  return 0;
}

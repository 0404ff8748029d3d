/* SPDX-License-Identifier: MIT
 * cipher.c -- AES-GCM (SP 800-38D), AES-CBC with the padding of PKCS #7, and HKDF with SHA-256 (RFC 5869):
 * cryptography with a key that both sides share.  OpenSSL does the arithmetic.
 *
 * Owns one result buffer, wiped by the next call.  A failed decryption leaves no plaintext behind,
 * and clears OpenSSL's error queue, which TLS reads too. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>

#include "core/buf.h"
#include "host_api.h"

enum {
  TEXT_MAX = 16 << 20, KEEP = 256 << 10,
  BLOCK = 16, TAG = 16, NONCE_MIN = 12, NONCE_MAX = 64,
  HKDF_MAX = 255 * 32, INFO_MAX = 1024
};

static const unsigned char *bytes(const host_str *s) {
  return (const unsigned char *)(s->n ? s->p : "");
}

static int finish(int e) {
  ERR_clear_error();
  return e;
}

/* ---- AES ------------------------------------------------------------------------------------- */

static const EVP_CIPHER *cipher_of(bool gcm, uint32_t key_n) {
  if (key_n == 16) return gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc();
  if (key_n == 32) return gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
  return NULL;
}

static EVP_CIPHER_CTX *start(bool gcm, bool encrypts, const host_str *key, const host_str *iv) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  if (c && EVP_CipherInit_ex(c, cipher_of(gcm, key->n), NULL, NULL, NULL, encrypts) &&
      (!gcm || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_IVLEN, (int)iv->n, NULL) > 0) &&
      EVP_CipherInit_ex(c, NULL, NULL, bytes(key), bytes(iv), encrypts))
    return c;
  EVP_CIPHER_CTX_free(c);
  return NULL;
}

/* Returns the bytes written, or HOST_EDENIED when the tag or the padding is wrong. */
static int run(EVP_CIPHER_CTX *c, const unsigned char *in, uint32_t n, unsigned char *out) {
  int k = 0, last = 0;
  if (!EVP_CipherUpdate(c, out, &k, in, (int)n)) return HOST_EDENIED;
  return EVP_CipherFinal_ex(c, out + k, &last) > 0 ? k + last : HOST_EDENIED;
}

static int gcm_encrypt(EVP_CIPHER_CTX *c, const host_str *text, unsigned char *out) {
  int n = run(c, bytes(text), text->n, out);
  if (n < 0 || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + n) <= 0) return HOST_EFULL;
  return n + TAG;
}

static int gcm_decrypt(EVP_CIPHER_CTX *c, const host_str *text, unsigned char *out) {
  unsigned char tag[TAG];
  memcpy(tag, text->p + text->n - TAG, TAG);
  if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) <= 0) return HOST_EFULL;
  return run(c, bytes(text), text->n - TAG, out);
}

static int gcm(EVP_CIPHER_CTX *c, bool encrypts, const host_str *aad, const host_str *text,
               unsigned char *out) {
  int k = 0;
  if (!EVP_CipherUpdate(c, NULL, &k, bytes(aad), (int)aad->n)) return HOST_EFULL;
  return encrypts ? gcm_encrypt(c, text, out) : gcm_decrypt(c, text, out);
}

static int check(bool is_gcm, bool encrypts, const host_str *key, const host_str *iv,
                 const host_str *aad, const host_str *text) {
  if (text->n > TEXT_MAX + (encrypts ? 0 : TAG) || aad->n > TEXT_MAX) return HOST_ELIMIT;
  if (!cipher_of(is_gcm, key->n)) return HOST_EINVAL;
  if (is_gcm ? iv->n < NONCE_MIN || iv->n > NONCE_MAX : iv->n != BLOCK) return HOST_EINVAL;
  if (encrypts) return 0;
  if (is_gcm) return text->n < TAG ? HOST_EDENIED : 0;
  return text->n == 0 || text->n % BLOCK ? HOST_EDENIED : 0;
}

/* Empties the buffer and wipes what it held. */
static void renew(buf *b) {
  if (b->p) explicit_bzero(b->p, b->cap);
  if (b->cap > KEEP) buf_free(b);
  b->n = 0;
}

int host_aes(int mode, host_str *key, host_str *iv, host_str *aad, host_str *text, host_str *out) {
  static buf result;
  bool is_gcm = mode == HOST_GCM_ENCRYPT || mode == HOST_GCM_DECRYPT;
  bool encrypts = mode == HOST_GCM_ENCRYPT || mode == HOST_CBC_ENCRYPT;
  renew(&result);
  int e = check(is_gcm, encrypts, key, iv, aad, text);
  if (e < 0) return e;
  unsigned char *to = (unsigned char *)buf_reserve(&result, text->n + BLOCK + TAG);
  EVP_CIPHER_CTX *c = to ? start(is_gcm, encrypts, key, iv) : NULL;
  if (!c) return finish(HOST_EFULL);
  int n = is_gcm ? gcm(c, encrypts, aad, text, to) : run(c, bytes(text), text->n, to);
  EVP_CIPHER_CTX_free(c);
  if (n < 0) return renew(&result), finish(n);
  *out = (host_str){result.p, (uint32_t)n};
  return 0;
}

/* ---- HKDF ------------------------------------------------------------------------------------ */

static OSSL_PARAM octets(const char *name, const host_str *s) {
  return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes(s), s->n);
}

int host_hkdf(host_str *key, host_str *salt, host_str *info, int n, host_str *out) {
  static unsigned char derived[HKDF_MAX];
  static EVP_KDF *hkdf;
  char digest[] = "SHA256";
  explicit_bzero(derived, sizeof derived);
  if (n < 1 || n > HKDF_MAX || info->n > INFO_MAX || !key->n) return HOST_EINVAL;
  if (key->n > TEXT_MAX || salt->n > TEXT_MAX) return HOST_ELIMIT;
  if (!hkdf) hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                         octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_SALT, salt),
                         octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  EVP_KDF_CTX *c = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
  int ok = c && EVP_KDF_derive(c, derived, (size_t)n, params) > 0;
  EVP_KDF_CTX_free(c);
  if (!ok) return finish(HOST_EFULL);
  *out = (host_str){(const char *)derived, (uint32_t)n};
  return 0;
}

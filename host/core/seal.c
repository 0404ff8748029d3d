/* SPDX-License-Identifier: MIT
 * seal.c -- see seal.h.  The cipher comes from OpenSSL, the keys from sealkeys.c.  Owns two buffers with the
 * last sealed and the last opened text, which live until the next call. */
#include "core/seal.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "core/sealkeys.h"

#define PREFIX "sealed:1:"
enum {
  PREFIX_N = sizeof PREFIX - 1, HEAD_N = PREFIX_N + SEALKEY_ID + 1,
  BLOCK = 16, NONCE = 24, HALF = 12, TAG = 16, OVERHEAD = NONCE + TAG,
  CONTEXT_MAX = 1024, KEEP = 256 << 10
};

static char why[256];

const char *seal_why(void) { return why; }

/* ---- XAES-256-GCM ---- */

static int aes_blocks(const unsigned char *key, const unsigned char *in, int n, unsigned char *out) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  int k = 0;
  int ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_ecb(), NULL, key, NULL) &&
           EVP_CIPHER_CTX_set_padding(c, 0) && EVP_EncryptUpdate(c, out, &k, in, n) && k == n;
  EVP_CIPHER_CTX_free(c);
  return ok ? 0 : -1;
}

/* Derives the key of one text: CMAC (SP 800-38B) of two blocks that contain half of its nonce. */
static int derive(const unsigned char *key, const unsigned char *nonce, unsigned char *out) {
  unsigned char k1[BLOCK] = {0}, blocks[2 * BLOCK] = {0, 1, 'X', 0, [BLOCK] = 0, 2, 'X', 0};
  if (aes_blocks(key, k1, BLOCK, k1)) return -1;
  int carry = k1[0] >> 7;
  for (int i = 0; i < BLOCK; i++)
    k1[i] = (unsigned char)(k1[i] << 1 | (i + 1 < BLOCK ? k1[i + 1] >> 7 : 0));
  k1[BLOCK - 1] ^= (unsigned char)(carry * 0x87);
  memcpy(blocks + BLOCK - HALF, nonce, HALF);
  memcpy(blocks + 2 * BLOCK - HALF, nonce, HALF);
  for (int i = 0; i < 2 * BLOCK; i++) blocks[i] ^= k1[i % BLOCK];
  int failed = aes_blocks(key, blocks, 2 * BLOCK, out);
  explicit_bzero(k1, sizeof k1);
  explicit_bzero(blocks, sizeof blocks);
  return failed;
}

/* Encrypts and writes `tag`, or decrypts and verifies it. */
static int gcm(bool encrypts, const unsigned char *key, const unsigned char *iv, const host_str *aad,
               const void *in, size_t n, unsigned char *out, unsigned char *tag) {
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  int k = 0;
  int ok = c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv, encrypts) &&
           EVP_CipherUpdate(c, NULL, &k, (const unsigned char *)aad->p, (int)aad->n) &&
           EVP_CipherUpdate(c, out, &k, n ? in : (const void *)"", (int)n) &&
           (encrypts || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag)) &&
           EVP_CipherFinal_ex(c, out + n, &k) > 0 &&
           (!encrypts || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, tag));
  EVP_CIPHER_CTX_free(c);
  return ok ? 0 : -1;
}

static int crypt_text(bool encrypts, const sealkey *key, const host_str *aad, unsigned char *nonce,
                      const void *in, size_t n, unsigned char *out, unsigned char *tag) {
  unsigned char derived[SEALKEY_BYTES];
  int failed = derive(key->bytes, nonce, derived) ||
               gcm(encrypts, derived, nonce + HALF, aad, in, n, out, tag) ? -1 : 0;
  explicit_bzero(derived, sizeof derived);
  return failed;
}

/* ---- texts ---- */

/* The additional authenticated data: the kind, then the context. */
static host_str bind(seal_kind kind, const host_str *context) {
  static char bound[1 + CONTEXT_MAX];
  bound[0] = (char)kind;
  if (context->n) memcpy(bound + 1, context->p, context->n);
  return (host_str){bound, context->n + 1};
}

static int add_base64(buf *out, const void *p, size_t n) {
  host_str raw = {p, (uint32_t)n}, text;
  if (host_base64(1, &raw, &text) < 0) return HOST_EFULL;
  return buf_add(out, text.p, text.n) ? HOST_EFULL : 0;
}

int seal_close(seal_kind kind, const host_str *text, const host_str *context, buf *out) {
  if (text->n > SEAL_TEXT_MAX || context->n > CONTEXT_MAX) return HOST_ELIMIT;
  const sealkey *key = sealkeys_current(why, sizeof why);
  if (!key) return HOST_EDOWN;
  buf raw = {0};
  unsigned char *p = (unsigned char *)buf_reserve(&raw, text->n + OVERHEAD);
  if (!p) return HOST_EFULL;
  host_str aad = bind(kind, context);
  int e = getrandom(p, NONCE, 0) == NONCE &&
          !crypt_text(true, key, &aad, p, text->p, text->n, p + NONCE, p + NONCE + text->n)
              ? 0 : HOST_EFULL;
  if (!e && (buf_str(out, PREFIX) || buf_str(out, key->id) || buf_str(out, ":"))) e = HOST_EFULL;
  if (!e) e = add_base64(out, p, text->n + OVERHEAD);
  buf_free(&raw);
  return e;
}

static int open_raw(seal_kind kind, const sealkey *key, unsigned char *raw, size_t n,
                    const host_str *context, buf *out) {
  host_str aad = bind(kind, context);
  size_t text = n - OVERHEAD;
  unsigned char *to = (unsigned char *)buf_reserve(out, text + 1);
  if (!to) return HOST_EFULL;
  if (crypt_text(false, key, &aad, raw, raw + NONCE, text, to, raw + n - TAG)) {
    explicit_bzero(to, text);
    return HOST_EDENIED;
  }
  out->n += text;
  return 0;
}

int seal_open(seal_kind kind, const host_str *sealed, const host_str *context, buf *out) {
  char id[SEALKEY_ID + 1];
  host_str raw;
  if (context->n > CONTEXT_MAX) return HOST_ELIMIT;
  if (sealed->n <= HEAD_N || memcmp(sealed->p, PREFIX, PREFIX_N) || sealed->p[HEAD_N - 1] != ':')
    return HOST_EINVAL;
  memcpy(id, sealed->p + PREFIX_N, SEALKEY_ID);
  id[SEALKEY_ID] = 0;
  host_str text = {sealed->p + HEAD_N, sealed->n - HEAD_N};
  if (host_base64(0, &text, &raw) < 0 || raw.n < OVERHEAD) return HOST_EINVAL;
  const sealkey *key = sealkeys_find(id);
  if (!key) return HOST_EGONE;
  return open_raw(kind, key, (unsigned char *)(uintptr_t)raw.p, raw.n, context, out);
}

/* ---- for Lua ---- */

static int answer(int e, const buf *b, host_str *out) {
  if (!e) *out = (host_str){b->p, (uint32_t)b->n};
  return e;
}

/* Wipes the last opened text and frees a large buffer. */
static void renew(buf *b) {
  if (b->p) explicit_bzero(b->p, b->n);
  if (b->cap > KEEP) buf_free(b);
  b->n = 0;
}

int host_seal(host_str *text, host_str *context, host_str *out) {
  static buf sealed;
  renew(&sealed);
  int e = seal_close(SEAL_SCRIPT, text, context, &sealed);
  if (e == HOST_EDOWN) return *out = (host_str){why, (uint32_t)strlen(why)}, e;
  return answer(e, &sealed, out);
}

int host_unseal(host_str *sealed, host_str *context, host_str *out) {
  static buf text;
  renew(&text);
  return answer(seal_open(SEAL_SCRIPT, sealed, context, &text), &text, out);
}

int host_reseal(host_str *sealed, host_str *context, host_str *new_context, host_str *out) {
  static buf again;
  buf text = {0};
  renew(&again);
  int e = seal_open(SEAL_SCRIPT, sealed, context, &text);
  host_str opened = {text.p, (uint32_t)text.n};
  if (!e) e = seal_close(SEAL_SCRIPT, &opened, new_context, &again);
  if (text.p) explicit_bzero(text.p, text.cap);
  buf_free(&text);
  return answer(e, &again, out);
}

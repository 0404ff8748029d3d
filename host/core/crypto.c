/* SPDX-License-Identifier: MIT
 * crypto.c -- digests, random bytes, constant-time comparison, base64, and the names of errors.
 *
 * Pure: no events, no files, no secrets of its own.  Results live in static buffers until the next
 * call of the same function. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "core/buf.h"
#include "core/keccak.h"
#include "core/op.h"

enum {
  RANDOM_MAX = 256,
  KECCAK_MAX = 1 << 20, /* bytes; our Keccak is not fast */
  BASE64_IN_MAX = 48 << 20, /* bytes to encode or characters to decode */
  BASE64_KEEP = 256 << 10   /* a larger result buffer is freed before the next call */
};

const char *host_error_name(int code) {
  static const char *const names[] = {"ok",       "gone",    "full",  "canceled", "timeout",
                                      "invalid",  "database", "network", "limit",  "denied",
                                      "down",     "too many ops", "sealed"};
  int count = (int)(sizeof names / sizeof *names);
  if (code > 0) return names[0];
  return code > -count ? names[-code] : "unknown";
}

/* Looked up once: OpenSSL 3 searches its providers on every use of EVP_sha256(). */
static const EVP_MD *digest(int kind) {
  static EVP_MD *sha256, *sha512, *sha1, *md5;
  EVP_MD **md;
  const char *name;
  switch (kind) {
    case HOST_SHA256:
    case HOST_HMAC_SHA256: md = &sha256; name = "SHA256"; break;
    case HOST_SHA512:
    case HOST_HMAC_SHA512: md = &sha512; name = "SHA512"; break;
    case HOST_SHA1:
    case HOST_HMAC_SHA1: md = &sha1; name = "SHA1"; break;
    case HOST_MD5: md = &md5; name = "MD5"; break;
    default: return NULL;
  }
  if (!*md) *md = EVP_MD_fetch(NULL, name, NULL);
  return *md;
}

static bool keyed(int kind) {
  return kind == HOST_HMAC_SHA256 || kind == HOST_HMAC_SHA512 || kind == HOST_HMAC_SHA1;
}

static bool hmac(const EVP_MD *md, const host_str *key, const host_str *data, unsigned char *out,
                 unsigned *n) {
  if (!key || key->n > INT32_MAX) return false;
  const unsigned char *text = (const unsigned char *)(data->n ? data->p : "");
  return HMAC(md, key->n ? key->p : "", (int)key->n, text, data->n, out, n) != NULL;
}

int host_hash(int kind, host_str *key, host_str *data, host_str *out) {
  static unsigned char value[EVP_MAX_MD_SIZE];
  const EVP_MD *md = digest(kind);
  unsigned n = KECCAK_BYTES;
  if (kind == HOST_KECCAK256 && data->n > KECCAK_MAX) return HOST_ELIMIT;
  if (kind == HOST_KECCAK256)
    keccak_256(KECCAK_ETHEREUM, data->n ? data->p : "", data->n, value);
  else if (!md || !(keyed(kind) ? hmac(md, key, data, value, &n)
                                : EVP_Digest(data->n ? data->p : "", data->n, value, &n, md, NULL)))
    return HOST_EINVAL;
  *out = (host_str){(const char *)value, (uint32_t)n};
  return 0;
}

int host_random(host_str *out, int n) {
  static unsigned char value[RANDOM_MAX];
  if (n < 0 || n > RANDOM_MAX) return HOST_EINVAL;
  ssize_t got;
  do got = getrandom(value, (size_t)n, 0);
  while (got < 0 && errno == EINTR);
  if (got != n) return HOST_EINVAL;
  *out = (host_str){(const char *)value, (uint32_t)n};
  return 0;
}

int host_equal(host_str *a, host_str *b) {
  if (a->n != b->n) return 0;
  return a->n == 0 || CRYPTO_memcmp(a->p, b->p, a->n) == 0;
}

/* ---- base64: RFC 4648 section 4, strict ------------------------------------------------------ */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(const unsigned char *in, size_t n, char *out) {
  for (; n >= 3; n -= 3, in += 3, out += 4) {
    uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    for (int i = 0; i < 4; i++) out[i] = alphabet[v >> (18 - 6 * i) & 63];
  }
  if (n == 0) return;
  uint32_t v = (uint32_t)in[0] << 16 | (n == 2 ? (uint32_t)in[1] << 8 : 0);
  out[0] = alphabet[v >> 18];
  out[1] = alphabet[v >> 12 & 63];
  out[2] = n == 2 ? alphabet[v >> 6 & 63] : '=';
  out[3] = '=';
}

static int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters to three bytes; `pad` of them are '='.  Unused bits must be zero, so that each
 * text has only one encoding. */
static int decode_group(const char *in, int pad, char *out) {
  uint32_t v = 0;
  for (int i = 0; i < 4; i++) {
    int s = i >= 4 - pad ? 0 : sextet(in[i]);
    if (s < 0) return -1;
    v = v << 6 | (uint32_t)s;
  }
  if ((pad == 1 && v & 0xff) || (pad == 2 && v & 0xffff)) return -1;
  for (int i = 0; i < 3 - pad; i++) out[i] = (char)(v >> (16 - 8 * i));
  return 0;
}

static int decode(const char *in, size_t n, buf *out) {
  if (n % 4) return HOST_EINVAL;
  for (size_t i = 0; i < n; i += 4) {
    int pad = i + 4 < n || in[i + 3] != '=' ? 0 : in[i + 2] == '=' ? 2 : 1;
    if (decode_group(in + i, pad, out->p + out->n) < 0) return HOST_EINVAL;
    out->n += (size_t)(3 - pad);
  }
  return 0;
}

int host_base64(int encoding, host_str *data, host_str *out) {
  static buf text;
  if (data->n > BASE64_IN_MAX) return HOST_ELIMIT;
  if (text.cap > BASE64_KEEP) buf_free(&text);
  text.n = 0;
  if (!buf_reserve(&text, encoding ? (data->n + 2) / 3 * 4 + 1 : data->n + 1)) return HOST_EFULL;
  if (encoding) {
    encode((const unsigned char *)data->p, data->n, text.p);
    text.n = (data->n + 2) / 3 * 4;
  } else if (decode(data->p, data->n, &text) < 0) {
    return HOST_EINVAL;
  }
  *out = (host_str){text.p, (uint32_t)text.n};
  return 0;
}

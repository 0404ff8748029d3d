/* SPDX-License-Identifier: MIT
 * pkey.c -- signatures and shared secrets with key pairs: Ed25519 (RFC 8032), and ECDSA with
 * SHA-256 and ECDH over P-256 (FIPS 186-5, SP 800-56A).  OpenSSL does the arithmetic.
 *
 * Keys, signatures and data are untrusted: any bytes get a result or an error code.  Copies of
 * private keys are wiped; OpenSSL's error queue, which TLS reads too, is cleared.  Results stay
 * valid until the next call of the same function. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "host_api.h"

enum {
  DATA_MAX = 16 << 20,
  PRIVATE = 32, ED25519_PUBLIC = 32, P256_PUBLIC = 65, P256_PACKED = 33,
  SIGNATURE = 64, HALF = 32, DER_MAX = 72
};

static const unsigned char *bytes(const host_str *s) {
  return (const unsigned char *)(s->n ? s->p : "");
}

static int finish(int e) {
  ERR_clear_error();
  return e;
}

/* ---- Ed25519 --------------------------------------------------------------------------------- */

/* Points of order 1, 2, 4 and 8, with 0 and 1 in both encodings: with such a key one signature can
 * be valid for every text.  The highest bit is the sign of x and is ignored. */
static bool small_order(const unsigned char *key) {
  static const unsigned char points[7][ED25519_PUBLIC] = {
      {0},
      {1},
      {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
       0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
      {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
       0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
      {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
      {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
      {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}};
  unsigned char y[ED25519_PUBLIC];
  memcpy(y, key, sizeof y);
  y[ED25519_PUBLIC - 1] &= 0x7f;
  for (size_t i = 0; i < sizeof points / sizeof *points; i++)
    if (memcmp(y, points[i], sizeof y) == 0) return true;
  return false;
}

static EVP_PKEY *ed25519_public(const host_str *key) {
  if (key->n != ED25519_PUBLIC || small_order(bytes(key))) return NULL;
  return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes(key), key->n);
}

static EVP_PKEY *ed25519_private(const host_str *key) {
  if (key->n != PRIVATE) return NULL;
  return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes(key), key->n);
}

static int ed25519_derive(const unsigned char *private_key, unsigned char *out) {
  size_t n = ED25519_PUBLIC;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, PRIVATE);
  int ok = key && EVP_PKEY_get_raw_public_key(key, out, &n) > 0 && n == ED25519_PUBLIC;
  EVP_PKEY_free(key);
  return ok ? (int)n : HOST_EINVAL;
}

/* ---- P-256 ----------------------------------------------------------------------------------- */

static const EC_GROUP *p256(void) {
  static EC_GROUP *group;
  if (!group) group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

/* A key is a number above 0 and below the group's order.
 * The caller frees it with BN_clear_free(). */
static BIGNUM *scalar(const unsigned char *private_key) {
  BIGNUM *d = p256() ? BN_secure_new() : NULL;
  if (d && BN_bin2bn(private_key, PRIVATE, d) && !BN_is_zero(d) &&
      BN_cmp(d, EC_GROUP_get0_order(p256())) < 0) {
    BN_set_flags(d, BN_FLG_CONSTTIME);
    return d;
  }
  BN_clear_free(d);
  return NULL;
}

static int p256_derive(const unsigned char *private_key, unsigned char *out) {
  BIGNUM *d = scalar(private_key);
  EC_POINT *q = d ? EC_POINT_new(p256()) : NULL;
  int ok = q && EC_POINT_mul(p256(), q, d, NULL, NULL, NULL) &&
           EC_POINT_point2oct(p256(), q, POINT_CONVERSION_UNCOMPRESSED, out, P256_PUBLIC, NULL) ==
               P256_PUBLIC;
  EC_POINT_free(q);
  BN_clear_free(d);
  return ok ? P256_PUBLIC : HOST_EINVAL;
}

/* Imports a private or a public key into OpenSSL; the other one is NULL. */
static EVP_PKEY *p256_import(unsigned char *native_private, const host_str *public_key) {
  char group[] = "prime256v1";
  OSSL_PARAM params[3] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0)};
  if (native_private)
    params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native_private, PRIVATE);
  else
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  (void *)(uintptr_t)public_key->p, public_key->n);
  params[2] = OSSL_PARAM_construct_end();
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  int selection = native_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  if (c && EVP_PKEY_fromdata_init(c) > 0) EVP_PKEY_fromdata(c, &key, selection, params);
  EVP_PKEY_CTX_free(c);
  return key;
}

/* A point on the curve, in one of the two unambiguous forms of SEC 1. */
static EVP_PKEY *p256_public(const host_str *key) {
  unsigned first = key->n ? bytes(key)[0] : 0;
  bool whole = key->n == P256_PUBLIC && first == 4;
  bool packed = key->n == P256_PACKED && (first == 2 || first == 3);
  if (!whole && !packed) return NULL;
  EVP_PKEY *made = p256_import(NULL, key);
  EVP_PKEY_CTX *c = made ? EVP_PKEY_CTX_new_from_pkey(NULL, made, NULL) : NULL;
  if (c && EVP_PKEY_public_check(c) > 0) return EVP_PKEY_CTX_free(c), made;
  EVP_PKEY_CTX_free(c);
  EVP_PKEY_free(made);
  return NULL;
}

static EVP_PKEY *p256_private(const host_str *key) {
  unsigned char native[PRIVATE];
  BIGNUM *d = key->n == PRIVATE ? scalar(bytes(key)) : NULL;
  if (!d) return NULL;
  EVP_PKEY *made = BN_bn2nativepad(d, native, PRIVATE) == PRIVATE ? p256_import(native, NULL) : NULL;
  explicit_bzero(native, sizeof native);
  BN_clear_free(d);
  return made;
}

/* Encodes r and s, 32 bytes each, as DER.  Returns its length, or an error. */
static int der_of(const unsigned char *raw, unsigned char *der) {
  ECDSA_SIG *sig = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(raw, HALF, NULL), *s = BN_bin2bn(raw + HALF, HALF, NULL);
  int n = HOST_EFULL;
  if (sig && r && s && ECDSA_SIG_set0(sig, r, s)) {
    r = s = NULL; /* the signature owns them now */
    n = i2d_ECDSA_SIG(sig, &der);
  }
  BN_free(r);
  BN_free(s);
  ECDSA_SIG_free(sig);
  return n > 0 ? n : HOST_EFULL;
}

static int raw_of(const unsigned char *der, size_t n, unsigned char *raw) {
  ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
  bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, HALF) == HALF &&
            BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + HALF, HALF) == HALF;
  ECDSA_SIG_free(sig);
  return ok ? SIGNATURE : HOST_EFULL;
}

/* ---- both ------------------------------------------------------------------------------------ */

static const EVP_MD *digest_of(int kind) { return kind == HOST_ED25519 ? NULL : EVP_sha256(); }

static EVP_PKEY *public_key(int kind, const host_str *key) {
  return kind == HOST_ED25519 ? ed25519_public(key) : p256_public(key);
}

static EVP_PKEY *private_key(int kind, const host_str *key) {
  return kind == HOST_ED25519 ? ed25519_private(key) : p256_private(key);
}

static bool known(int kind) {
  return kind == HOST_ED25519 || kind == HOST_P256 || kind == HOST_P256_DER;
}

static int derive_public(int kind, const unsigned char *private_key, unsigned char *out) {
  return kind == HOST_ED25519 ? ed25519_derive(private_key, out) : p256_derive(private_key, out);
}

/* Nearly every number is a valid key: P-256 needs a second try once in four billion. */
static int new_pair(int kind, unsigned char *pair) {
  int n = HOST_EFULL;
  for (int tries = 0; n < 0 && tries < 8; tries++)
    if (getrandom(pair, PRIVATE, 0) == PRIVATE) n = derive_public(kind, pair, pair + PRIVATE);
  return n;
}

int host_key(int kind, host_str *given, host_str *out) {
  static unsigned char pair[PRIVATE + P256_PUBLIC];
  if (!known(kind) || (given->n && given->n != PRIVATE)) return HOST_EINVAL;
  if (given->n) memcpy(pair, given->p, PRIVATE);
  int n = given->n ? derive_public(kind, pair, pair + PRIVATE) : new_pair(kind, pair);
  if (n > 0) *out = (host_str){(const char *)pair, (uint32_t)(PRIVATE + n)};
  return finish(n > 0 ? 0 : n);
}

static int sign(EVP_PKEY *key, int kind, const host_str *data, unsigned char *out) {
  size_t n = DER_MAX;
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  int ok = c && EVP_DigestSignInit(c, NULL, digest_of(kind), NULL, key) > 0 &&
           EVP_DigestSign(c, out, &n, bytes(data), data->n) > 0;
  EVP_MD_CTX_free(c);
  return ok ? (int)n : HOST_EFULL;
}

int host_sign(int kind, host_str *private, host_str *data, host_str *out) {
  static unsigned char signature[DER_MAX], raw[SIGNATURE];
  if (data->n > DATA_MAX) return HOST_ELIMIT;
  EVP_PKEY *key = known(kind) ? private_key(kind, private) : NULL;
  if (!key) return finish(HOST_EINVAL);
  int n = sign(key, kind, data, signature);
  EVP_PKEY_free(key);
  if (n > 0 && kind == HOST_P256) n = raw_of(signature, (size_t)n, raw);
  if (n > 0) *out = (host_str){(const char *)(kind == HOST_P256 ? raw : signature), (uint32_t)n};
  return finish(n > 0 ? 0 : n);
}

static int verify(EVP_PKEY *key, int kind, const host_str *data, const unsigned char *sig, size_t n) {
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  int ok = c && EVP_DigestVerifyInit(c, NULL, digest_of(kind), NULL, key) > 0 &&
           EVP_DigestVerify(c, sig, n, bytes(data), data->n) == 1;
  EVP_MD_CTX_free(c);
  return ok ? 1 : 0;
}

int host_verify(int kind, host_str *public, host_str *data, host_str *signature) {
  unsigned char der[DER_MAX];
  if (data->n > DATA_MAX) return HOST_ELIMIT;
  EVP_PKEY *key = known(kind) ? public_key(kind, public) : NULL;
  if (!key) return finish(HOST_EINVAL);
  bool fits = kind == HOST_P256_DER ? signature->n <= DER_MAX : signature->n == SIGNATURE;
  const unsigned char *sig = bytes(signature);
  int n = (int)signature->n, good = 0;
  if (fits && kind == HOST_P256) n = der_of(sig, der), sig = der;
  if (fits && n > 0) good = verify(key, kind, data, sig, (size_t)n);
  EVP_PKEY_free(key);
  return finish(good);
}

int host_ecdh(host_str *private, host_str *public, host_str *out) {
  static unsigned char shared[PRIVATE];
  size_t n = sizeof shared;
  EVP_PKEY *mine = p256_private(private), *theirs = mine ? p256_public(public) : NULL;
  EVP_PKEY_CTX *c = theirs ? EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL) : NULL;
  int ok = c && EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_derive_set_peer(c, theirs) > 0 &&
           EVP_PKEY_derive(c, shared, &n) > 0 && n == sizeof shared;
  int e = ok ? 0 : !mine ? HOST_EINVAL : !theirs ? HOST_EDENIED : HOST_EFULL;
  EVP_PKEY_CTX_free(c);
  EVP_PKEY_free(theirs);
  EVP_PKEY_free(mine);
  if (ok) *out = (host_str){(const char *)shared, (uint32_t)n};
  return finish(e);
}

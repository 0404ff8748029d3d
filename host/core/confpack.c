/* SPDX-License-Identifier: MIT
 * confpack.c -- settings for Lua: the public ones as nested tables; of a secret only whether it is
 * set, and whether a value equals it.  Must never pack a secret. */
#include "core/confpack.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/confextra.h"
#include "core/conftable.h"
#include "core/pack.h"
#include "core/secretstore.h"
#include "host_api.h"

static size_t group_length(const char *name) {
  const char *dot = strchr(name, '.');
  return dot ? (size_t)(dot - name) : 0;
}

static bool same_group(size_t i, const char *name, size_t n) {
  const conf_rule *rule = conf_at(i)->rule;
  return group_length(rule->name) == n && !strncmp(rule->name, name, n);
}

static int pack_item(buf *b, const conf_item *item) {
  const char *dot = strchr(item->rule->name, '.');
  if (pack_z(b, dot ? dot + 1 : item->rule->name)) return -1;
  switch (item->rule->type) {
  case CONF_INT:
  case CONF_WORKERS: return pack_num(b, item->num);
  case CONF_BOOL: return pack_bool(b, item->num != 0);
  case CONF_TEXT:
  case CONF_NETWORKS:
  case CONF_HOSTS:
  case CONF_CHOICE: break;
  }
  return pack_z(b, item->value);
}

/* The public members of one group; with b NULL only counts them. */
static uint32_t pack_group(buf *b, const char *name, size_t n, int *failed) {
  uint32_t members = 0;
  for (size_t i = 0; i < conf_count; i++) {
    if (!same_group(i, name, n) || conf_at(i)->rule->secret) continue;
    members++;
    if (b && pack_item(b, conf_at(i))) *failed = -1;
  }
  return members;
}

/* True for the first setting of each group that has a public member. */
static bool opens_group(size_t i) {
  const char *name = conf_at(i)->rule->name;
  size_t n = group_length(name);
  int failed = 0;
  if (!n || (i > 0 && same_group(i - 1, name, n))) return false;
  return pack_group(NULL, name, n, &failed) > 0;
}

int confpack_all(buf *b) {
  int failed = 0;
  uint32_t pairs = pack_group(NULL, "", 0, &failed);
  for (size_t i = 0; i < conf_count; i++) pairs += opens_group(i);
  if (pack_map(b, pairs)) return -1;
  pack_group(b, "", 0, &failed);
  for (size_t i = 0; i < conf_count; i++) {
    if (!opens_group(i)) continue;
    const char *name = conf_at(i)->rule->name;
    size_t n = group_length(name);
    if (pack_str(b, name, n) || pack_map(b, pack_group(NULL, name, n, &failed))) return -1;
    pack_group(b, name, n, &failed);
  }
  return failed;
}

int host_conf(host_str *out) {
  static buf b = {.max = 65536};
  b.n = 0;
  if (confpack_all(&b)) return HOST_EFULL;
  *out = (host_str){b.p, (uint32_t)b.n};
  return 0;
}

/* ---- secrets ---- */

int confpack_variable(const char *name, char *out, size_t n) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  int length = snprintf(out, n, "HUMAN_SECRET_%s", name);
  if (!*name || length < 0 || (size_t)length >= n) return -1;
  for (char *p = out; *p; p++) *p = (char)toupper((unsigned char)*p);
  return strspn(out, allowed) == (size_t)length ? 0 : -1;
}

/* The secret stored in the home, under its name in lower case. */
static const char *kept(const char *name) {
  char lower[SECRETSTORE_NAME];
  size_t n = strlen(name);
  if (n >= sizeof lower) return NULL;
  for (size_t i = 0; i <= n; i++) lower[i] = (char)tolower((unsigned char)name[i]);
  return secretstore_is_name(lower) ? secretstore_value(lower) : NULL;
}

/* A secret setting of scripts may refer to a stored secret: "${sealed:NAME}". */
static const char *resolved(const char *value) {
  char name[SECRETSTORE_NAME];
  size_t n = value ? strlen(value) : 0;
  if (n < sizeof "${sealed:}" || n >= sizeof name || strncmp(value, "${sealed:", 9) || value[n - 1] != '}')
    return value;
  snprintf(name, sizeof name, "%.*s", (int)n - 10, value + 9);
  return kept(name);
}

static const char *own_secret(const char *name) {
  char variable[CONFPACK_VARIABLE];
  if (confpack_variable(name, variable, sizeof variable)) return NULL;
  const char *value = getenv(variable);
  return value && *value ? value : kept(name);
}

const char *confpack_secret(const char *name) {
  const char *given = name;
  char full[CONFPACK_NAME + 8];
  if (strchr(name, '.') && !conf_find(name)) return resolved(confextra_secret(name));
  if (!strcmp(name, "admin")) name = "api.admin_token";
  if (!strchr(name, '.')) {
    snprintf(full, sizeof full, "secrets.%s", name);
    name = full;
  }
  const conf_item *item = conf_find(name);
  if (!item) return own_secret(given);
  if (!item->rule->secret) return NULL;
  return item->value && *item->value ? item->value : kept(given);
}

const char *confpack_sealed(const char *name) { return kept(name); }

/* Scripts may learn whether one of the host's own secret settings is set, but not use it. */
const char *confpack_for_scripts(const char *name) {
  return strchr(name, '.') && conf_find(name) ? NULL : confpack_secret(name);
}

static const char *secret_named(const host_str *name) {
  char text[CONFPACK_NAME];
  if (!name->n || name->n >= sizeof text) return NULL;
  memcpy(text, name->p, name->n);
  text[name->n] = 0;
  return confpack_secret(text);
}

int host_secret_set(host_str *name) {
  return secret_named(name) != NULL;
}

static const char *secret_for_scripts(const host_str *name) {
  char text[CONFPACK_NAME];
  if (!name->n || name->n >= sizeof text) return NULL;
  memcpy(text, name->p, name->n);
  text[name->n] = 0;
  return confpack_for_scripts(text);
}

static const char *own_pass;

void confpack_pass(const char *pass) { own_pass = pass; }

static bool is_host_pass(const host_str *name) {
  static const char own[] = "host-pass";
  return name->n == sizeof own - 1 && !memcmp(name->p, own, name->n);
}

/* Hashes are compared, so that neither length nor content shows in the time taken. */
int host_secret_equal(host_str *name, host_str *value) {
  unsigned char a[SHA256_DIGEST_LENGTH], b[SHA256_DIGEST_LENGTH];
  const char *secret = is_host_pass(name) ? own_pass : secret_for_scripts(name);
  if (!secret) return 0;
  SHA256((const unsigned char *)secret, strlen(secret), a);
  SHA256((const unsigned char *)value->p, value->n, b);
  return CRYPTO_memcmp(a, b, sizeof a) == 0;
}

int host_secret_hash(host_str *name, int kind, host_str *before, host_str *after, host_str *out) {
  static unsigned char value[EVP_MAX_MD_SIZE];
  const char *secret = secret_for_scripts(name);
  unsigned n = 0;
  if (!secret) return HOST_EDENIED;
  EVP_MD_CTX *md = EVP_MD_CTX_new();
  bool done = md && EVP_DigestInit_ex(md, kind == 1 ? EVP_sha1() : EVP_sha256(), NULL) &&
              EVP_DigestUpdate(md, before->p, before->n) && EVP_DigestUpdate(md, secret, strlen(secret)) &&
              EVP_DigestUpdate(md, after->p, after->n) && EVP_DigestFinal_ex(md, value, &n);
  EVP_MD_CTX_free(md);
  if (!done) return HOST_EINVAL;
  *out = (host_str){(const char *)value, n};
  return 0;
}

int host_secret_hmac(host_str *name, host_str *data, host_str *out) {
  static unsigned char value[EVP_MAX_MD_SIZE];
  const char *secret = secret_for_scripts(name);
  unsigned n = 0;
  if (!secret) return HOST_EDENIED;
  const unsigned char *text = (const unsigned char *)(data->n ? data->p : "");
  if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), text, data->n, value, &n)) return HOST_EINVAL;
  *out = (host_str){(const char *)value, n};
  return 0;
}

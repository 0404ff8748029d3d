/* SPDX-License-Identifier: MIT
 * fetchcredential.c -- see fetchcredential.h.  Each buffer that has the credential, in whatever form, is as
 * large as it will ever be when it is made, and is wiped before it is freed. */
#include "fetch/fetchcredential.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "core/seal.h"
#include "fetch/fetchheader.h"

enum { SECRET_MAX = 16 << 10 };

static void wipe(buf *b) {
  if (b->p) explicit_bzero(b->p, b->cap);
  buf_free(b);
}

static bool has_control(const buf *b) {
  for (size_t i = 0; i < b->n; i++)
    if ((unsigned char)b->p[i] < 32 || b->p[i] == 127) return true;
  return false;
}

static int open_secret(const pack_value *sealed, const pack_value *context, buf *out) {
  host_str text = {sealed->s, (uint32_t)sealed->n}, bound = {context->s, (uint32_t)context->n};
  buf_init(out, SECRET_MAX);
  int e = seal_open(SEAL_SCRIPT, &text, &bound, out);
  if (e) return fetchspec_refuse(HOST_ESEALED, "its credential does not open here");
  if (!has_control(out)) return 0;
  return fetchspec_refuse(HOST_ESEALED, "its credential has a control character in it");
}

/* ---- in a header ---- */

static int add_base64(buf *line, const buf *secret) {
  char *to = buf_reserve(line, 4 * ((secret->n + 2) / 3) + 1);
  if (!to) return HOST_ELIMIT;
  line->n += (size_t)EVP_EncodeBlock((unsigned char *)to, (const unsigned char *)secret->p, (int)secret->n);
  return 0;
}

static int add_header(fetchspec *s, const char *name, size_t n, const char *scheme, const buf *secret) {
  buf line;
  bool is_basic = strcmp(scheme, "Basic ") == 0;
  int e = fetchheader_begin(&line, name, n);
  if (e == 0 && !buf_reserve(&line, line.max - line.n)) e = HOST_EFULL; /* it never moves */
  if (e == 0 && buf_str(&line, scheme) < 0) e = HOST_ELIMIT;
  if (e == 0 && is_basic) e = add_base64(&line, secret);
  if (e == 0 && !is_basic && buf_add(&line, secret->p, secret->n) < 0) e = HOST_ELIMIT;
  return fetchheader_end(s, &line, n, e);
}

/* ---- in the address ---- */

/* RFC 3986, 2.3: all else is escaped. */
static int add_escaped(buf *out, const char *p, size_t n) {
  static const char hex[] = "0123456789ABCDEF";
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    bool plain = alnum || (c && strchr("-_.~", c));
    const char escaped[] = {'%', hex[c >> 4], hex[c & 15]};
    if (plain ? buf_add(out, &p[i], 1) < 0 : buf_add(out, escaped, 3) < 0) return -1;
  }
  return 0;
}

/* One parameter more, before the fragment. */
static int add_parameter(fetchspec *s, const pack_value *name, const buf *secret) {
  const char *fragment = strchrnul(s->url, '#');
  size_t base = (size_t)(fragment - s->url);
  buf url;
  buf_init(&url, FETCHSPEC_URL);
  if (!buf_reserve(&url, FETCHSPEC_URL)) return HOST_EFULL;
  if (buf_add(&url, s->url, base) < 0 || buf_str(&url, memchr(s->url, '?', base) ? "&" : "?") < 0 ||
      add_escaped(&url, name->s, name->n) < 0 || buf_str(&url, "=") < 0 ||
      add_escaped(&url, secret->p, secret->n) < 0 || buf_add(&url, fragment, strlen(fragment) + 1) < 0) {
    wipe(&url);
    return fetchspec_refuse(HOST_ELIMIT, "the url is longer than 16 KB");
  }
  explicit_bzero(s->url, strlen(s->url));
  free(s->url);
  s->url = url.p;
  s->secret_url = true;
  return 0;
}

static int show(fetchspec *s, const pack_value *as, const pack_value *name, const buf *secret) {
  static const char authorization[] = "Authorization";
  const size_t n = sizeof authorization - 1;
  if (fetchheader_is_named(as->s, as->n, "query")) return add_parameter(s, name, secret);
  if (fetchheader_is_named(as->s, as->n, "header")) return add_header(s, name->s, name->n, "", secret);
  if (fetchheader_is_named(as->s, as->n, "bearer")) return add_header(s, authorization, n, "Bearer ", secret);
  if (fetchheader_is_named(as->s, as->n, "basic")) return add_header(s, authorization, n, "Basic ", secret);
  return HOST_EINVAL;
}

int fetchcredential_add(fetchspec *s, pack_reader *r, const pack_value *list) {
  pack_value v[4];
  buf secret;
  if (list->type != PACK_TABLE || list->hash || list->zero_based || list->array != 4) return HOST_EINVAL;
  for (int i = 0; i < 4; i++)
    if (pack_read(r, &v[i]) != PACK_STR) return HOST_EINVAL;
  int e = open_secret(&v[0], &v[1], &secret);
  if (e == 0) e = show(s, &v[2], &v[3], &secret);
  wipe(&secret);
  return e;
}

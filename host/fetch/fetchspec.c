/* SPDX-License-Identifier: MIT
 * fetchspec.c -- see fetchspec.h.
 *
 * Secrets are filled in here and nowhere else, into the url and header values, and into a body only where
 * the script says so (body_secrets): bodies are full of what strangers wrote.  A guarded request never
 * gets one: its address and headers come from strangers, who could ask for any. */
#include "fetch/fetchspec.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/conf.h"
#include "core/confpack.h"
#include "core/pack.h"
#include "core/secretfill.h"
#include "fetch/fetchcredential.h"
#include "fetch/fetchheader.h"
#include "fetch/ssrf.h"

enum {
  HEADERS_MAX = 100,
  BODY_MAX = 32 << 20,
  BODY_SECRETS_MAX = 64 << 10, /* of a body that secrets are filled into */
  BYTES_DEFAULT = 4 << 20,
  BYTES_MAX = 64 << 20, /* of a response that is buffered whole */
  PIN_MAX = 64,
  TIMEOUT_MAX_S = 3600
};

static char why[256]; /* the last spec was refused */

const char *fetchspec_why(void) { return why; }

int fetchspec_refuse(int e, const char *fmt, ...) {
  va_list args;
  if (*why) return e;
  va_start(args, fmt);
  vsnprintf(why, sizeof why, fmt, args);
  va_end(args);
  return e;
}

/* How many bytes of a name a message shows. */
static int shown(size_t n) { return n < 64 ? (int)n : 64; }

/* ---- secrets --------------------------------------------------------------------------------- */

static int no_secret(const char *name, const char *end, bool sealed, bool guard) {
  if (guard) return fetchspec_refuse(HOST_EDENIED, "a guarded request is given no secrets");
  if (!end) return fetchspec_refuse(HOST_EDENIED, "a ${secret: without its }");
  size_t n = (size_t)(end - name);
  const char *text = sealed ? "secret %.*s is not kept (human secret set)" : "secret %.*s is not declared";
  return fetchspec_refuse(HOST_EDENIED, text, shown(n), name);
}

/* Appends text with its secrets filled in; counts them in *used. */
static int fill_in(buf *out, const char *p, size_t n, bool guard, int *used) {
  secretfill f = {0};
  int e = secretfill_add(&f, out, p, n, guard);
  *used += f.used;
  return e == HOST_EDENIED ? no_secret(f.name, f.name ? f.name + f.n : NULL, f.sealed, guard) : e;
}

/* ---- headers --------------------------------------------------------------------------------- */

static int add_header(fetchspec *s, const pack_value *name, const pack_value *value) {
  buf line;
  int used = 0, e = fetchheader_begin(&line, name->s, name->n);
  if (e == 0) e = fill_in(&line, value->s, value->n, s->guard, &used);
  return fetchheader_end(s, &line, name->n, e);
}

/* {{name, value}, ..} */
static int read_headers(fetchspec *s, pack_reader *r, const pack_value *list) {
  if (list->type != PACK_TABLE || list->hash || list->zero_based) return HOST_EINVAL;
  if (list->array > HEADERS_MAX) return fetchspec_refuse(HOST_ELIMIT, "more than %d headers", HEADERS_MAX);
  for (uint32_t i = 0; i < list->array; i++) {
    pack_value pair, name, value;
    if (pack_read(r, &pair) != PACK_TABLE || pair.array != 2 || pair.hash) return HOST_EINVAL;
    if (pack_read(r, &name) != PACK_STR || pack_read(r, &value) != PACK_STR) return HOST_EINVAL;
    int e = add_header(s, &name, &value);
    if (e < 0) return e;
  }
  return 0;
}

/* ---- the other fields ------------------------------------------------------------------------ */

/* A guarded request without TLS may only go to networks in egress.allow. */
static int check_plain(fetchspec *s) {
  s->plain = true;
  if (!s->guard || ssrf_opens_any()) return 0;
  return fetchspec_refuse(HOST_EDENIED, "a guarded request must be https");
}

/* The host and port of a guarded request: the number of requests per host is limited. */
static int read_peer(fetchspec *s, CURLU *u) {
  char *host = NULL, *port = NULL;
  int n = -1;
  if (curl_url_get(u, CURLUPART_HOST, &host, CURLU_URLDECODE) == CURLUE_OK &&
      curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
    n = asprintf(&s->peer, "%s:%s", host, port);
  if (n < 0) s->peer = NULL;
  for (char *c = s->peer; c && *c; c++)
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c | 32);
  curl_free(host);
  curl_free(port);
  return n < 0 ? HOST_EINVAL : 0;
}

static int check_scheme(fetchspec *s) {
  CURLU *u = curl_url();
  char *scheme = NULL;
  int e = HOST_EINVAL;
  if (!u) return HOST_EFULL;
  if (curl_url_set(u, CURLUPART_URL, s->url, 0) == CURLUE_OK &&
      curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK) {
    if (strcmp(scheme, "https") == 0) e = 0;
    else if (strcmp(scheme, "http") == 0) e = check_plain(s);
    if (e == 0 && s->guard) e = read_peer(s, u);
  }
  curl_free(scheme);
  curl_url_cleanup(u);
  return e == HOST_EINVAL ? fetchspec_refuse(e, "the url is malformed") : e;
}

static int read_url(fetchspec *s, const pack_value *v) {
  buf url;
  int used = 0;
  if (s->url) return HOST_EINVAL;
  buf_init(&url, FETCHSPEC_URL);
  int e = fill_in(&url, v->s, v->n, s->guard, &used);
  if (e == 0 && (url.n == 0 || !fetchheader_is_clean(url.p, url.n))) e = HOST_EINVAL;
  if (e == 0 && buf_add(&url, "", 1) < 0) e = HOST_ELIMIT;
  if (e < 0) {
    buf_free(&url);
    return fetchspec_refuse(e, e == HOST_ELIMIT ? "the url is longer than 16 KB" : "the url is malformed");
  }
  s->url = url.p;
  s->secret_url = s->secret_url || used > 0;
  return check_scheme(s);
}

static int read_secret_body(fetchspec *s, const pack_value *v) {
  buf body;
  int used = 0;
  buf_init(&body, BODY_SECRETS_MAX);
  int e = fill_in(&body, v->s, v->n, s->guard, &used);
  if (e == 0 && buf_add(&body, "", 1) < 0) e = HOST_ELIMIT;
  if (e < 0) {
    if (body.p) explicit_bzero(body.p, body.n);
    buf_free(&body);
    return fetchspec_refuse(e, "a body with secrets is larger than 64 KB");
  }
  s->body = body.p;
  s->body_n = body.n - 1;
  return 0;
}

static int read_body(fetchspec *s, const pack_value *v) {
  if (s->body) return HOST_EINVAL;
  if (s->body_secrets) return read_secret_body(s, v);
  if (v->n > BODY_MAX) return fetchspec_refuse(HOST_ELIMIT, "the body is larger than 32 MB");
  s->body = malloc(v->n + 1);
  if (!s->body) return HOST_EFULL;
  memcpy(s->body, v->s, v->n);
  s->body[v->n] = 0;
  s->body_n = v->n;
  return 0;
}

static int read_parts(fetchspec *s, pack_reader *r, const pack_value *list) {
  if (s->parts) return HOST_EINVAL;
  int e = fetchbody_read(&s->parts, r, list, BODY_MAX);
  if (e != HOST_ELIMIT) return e;
  return fetchspec_refuse(e, "the body has more than 32 MB of text, or %d files", FETCHBODY_FILES);
}

/* "sha256//BASE64"; curl would take anything else for a file name. */
static int read_pin(fetchspec *s, const pack_value *v) {
  static const char kind[] = "sha256//";
  if (s->pin || v->n >= PIN_MAX || v->n <= sizeof kind - 1 ||
      memcmp(v->s, kind, sizeof kind - 1) != 0 || !fetchheader_is_clean(v->s, v->n))
    return fetchspec_refuse(HOST_EINVAL, "pin must be sha256// and a digest in base64");
  s->pin = strndup(v->s, v->n);
  return s->pin ? 0 : HOST_EFULL;
}

/* A proxy sees where every request goes, so guarded requests may not name one. */
static int read_proxy(fetchspec *s, const pack_value *v) {
  buf proxy;
  int used = 0;
  if (s->proxy) return HOST_EINVAL;
  if (s->guard) return fetchspec_refuse(HOST_EDENIED, "a guarded request goes through no proxy");
  buf_init(&proxy, FETCHSPEC_URL);
  int e = fill_in(&proxy, v->s, v->n, false, &used);
  if (e == 0 && (proxy.n == 0 || !fetchheader_is_clean(proxy.p, proxy.n))) e = HOST_EINVAL;
  if (e == 0 && buf_add(&proxy, "", 1) < 0) e = HOST_ELIMIT;
  if (e < 0) {
    buf_free(&proxy);
    return fetchspec_refuse(e, "the proxy is malformed");
  }
  s->proxy = proxy.p;
  s->secret_url = s->secret_url || strchr(s->proxy, '@'); /* most likely a password */
  return 0;
}

static int read_no_proxy(fetchspec *s, const pack_value *v) {
  if (s->no_proxy || v->n >= FETCHSPEC_URL || !fetchheader_is_clean(v->s, v->n))
    return fetchspec_refuse(HOST_EINVAL, "no_proxy is malformed");
  s->no_proxy = strndup(v->s, v->n);
  return s->no_proxy ? 0 : HOST_EFULL;
}

static int read_method(fetchspec *s, const pack_value *v) {
  if (v->n >= sizeof s->method || !fetchheader_is_token(v->s, v->n) ||
      fetchheader_is_named(v->s, v->n, "connect"))
    return fetchspec_refuse(HOST_EINVAL, "the method is malformed");
  memcpy(s->method, v->s, v->n);
  s->method[v->n] = 0;
  return 0;
}

static double between(double v, double low, double high, double absent) {
  if (!(v > 0)) return absent;
  return v < low ? low : v > high ? high : v;
}

static int read_number(fetchspec *s, const pack_value *key, double v) {
  if (fetchheader_is_named(key->s, key->n, "timeout_s")) {
    s->timeout_s = between(v, 0.001, TIMEOUT_MAX_S, s->timeout_s);
  } else if (fetchheader_is_named(key->s, key->n, "connect_timeout_s")) {
    s->connect_timeout_s = between(v, 0.001, TIMEOUT_MAX_S, s->connect_timeout_s);
  } else if (fetchheader_is_named(key->s, key->n, "max_bytes")) {
    s->max_bytes = (size_t)between(v, 1, 1e15, BYTES_DEFAULT);
  } else {
    return HOST_EINVAL;
  }
  return 0;
}

static int read_text(fetchspec *s, const pack_value *key, const pack_value *v) {
  if (fetchheader_is_named(key->s, key->n, "url")) return read_url(s, v);
  if (fetchheader_is_named(key->s, key->n, "method")) return read_method(s, v);
  if (fetchheader_is_named(key->s, key->n, "body")) return read_body(s, v);
  if (fetchheader_is_named(key->s, key->n, "pin")) return read_pin(s, v);
  if (fetchheader_is_named(key->s, key->n, "proxy")) return read_proxy(s, v);
  if (fetchheader_is_named(key->s, key->n, "no_proxy")) return read_no_proxy(s, v);
  return HOST_EINVAL;
}

/* The fields of a table come in any order, and what headers and url may
 * contain depends on guard: so there are passes, flags first.  A credential is
 * put into what the others have made. */
static int read_field(fetchspec *s, pack_reader *r, int round) {
  const bool flags = round == 0;
  pack_value key, v;
  if (pack_read(r, &key) != PACK_STR) return HOST_EINVAL;
  pack_reader at = *r;
  if (pack_skip(r, 4) < 0 || pack_read(&at, &v) < 0) return HOST_EINVAL;
  bool last = fetchheader_is_named(key.s, key.n, "credential");
  if (last || round == 2) return last && round == 2 ? fetchcredential_add(s, &at, &v) : 0;
  if ((v.type == PACK_BOOL) != flags) return 0;
  if (v.type == PACK_NIL || v.type == PACK_NULL) return 0;
  if (fetchheader_is_named(key.s, key.n, "stream") && flags) s->stream = v.b;
  else if (fetchheader_is_named(key.s, key.n, "guard") && flags) s->guard = v.b;
  else if (fetchheader_is_named(key.s, key.n, "proxy_head") && flags) s->proxy_head = v.b;
  else if (fetchheader_is_named(key.s, key.n, "body_secrets") && flags) s->body_secrets = v.b;
  else if (fetchheader_is_named(key.s, key.n, "repeatable") && flags) s->repeatable = v.b;
  else if (fetchheader_is_named(key.s, key.n, "headers")) return read_headers(s, &at, &v);
  else if (v.type == PACK_TABLE && fetchheader_is_named(key.s, key.n, "parts")) return read_parts(s, &at, &v);
  else if (v.type == PACK_NUM) return read_number(s, &key, v.num);
  else return v.type == PACK_STR ? read_text(s, &key, &v) : HOST_EINVAL;
  return 0;
}

static bool is_idempotent(const char *method) {
  static const char *const names[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(method, names[i]) == 0) return true;
  return false;
}

/* "Name:" keeps curl from adding headers of its own: a form's Content-Type for any body, Expect for
 * a large one, and for a stream every encoding that it can decode. */
static int finish(fetchspec *s) {
  if (!s->url) return HOST_EINVAL;
  if (!s->stream && s->max_bytes > BYTES_MAX) s->max_bytes = BYTES_MAX;
  if (s->stream && !s->has_encoding && fetchheader_add(s, "Accept-Encoding:") < 0) return HOST_EFULL;
  bool has_body = s->body || s->parts;
  if (s->body && s->parts) return HOST_EINVAL;
  if (!*s->method) snprintf(s->method, sizeof s->method, "%s", has_body ? "POST" : "GET");
  s->repeatable = s->repeatable || is_idempotent(s->method);
  if (!has_body) return 0;
  if (!s->has_type && fetchheader_add(s, "Content-Type:") < 0) return HOST_EFULL;
  return fetchheader_add(s, "Expect:");
}

static int read_fields(fetchspec *s, const host_str *packed) {
  for (int round = 0; round < 3; round++) {
    const unsigned char *p = (const unsigned char *)packed->p;
    pack_reader r = {p, p + packed->n};
    pack_value t;
    if (pack_read(&r, &t) != PACK_TABLE || t.array) return HOST_EINVAL;
    for (uint32_t i = 0; i < t.hash; i++) {
      int e = read_field(s, &r, round);
      if (e < 0) return e;
    }
  }
  return finish(s);
}

int fetchspec_read(fetchspec *s, const host_str *packed) {
  *s = (fetchspec){.timeout_s = 30, .connect_timeout_s = 10, .max_bytes = BYTES_DEFAULT};
  *why = 0;
  int e = read_fields(s, packed);
  if (e < 0) fetchspec_free(s);
  if (e == HOST_EINVAL) fetchspec_refuse(e, "a field of the request is of the wrong type, or unknown");
  return e;
}

void fetchspec_free(fetchspec *s) {
  for (struct curl_slist *h = s->headers; h; h = h->next) explicit_bzero(h->data, strlen(h->data));
  curl_slist_free_all(s->headers);
  if (s->url) explicit_bzero(s->url, strlen(s->url));
  free(s->url);
  free(s->peer);
  if (s->body && s->body_secrets) explicit_bzero(s->body, s->body_n);
  free(s->body);
  fetchbody_free(s->parts);
  free(s->pin);
  if (s->proxy) explicit_bzero(s->proxy, strlen(s->proxy));
  free(s->proxy);
  free(s->no_proxy);
  *s = (fetchspec){0};
}

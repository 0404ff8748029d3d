/* SPDX-License-Identifier: MIT
 * fetchheader.c -- see fetchheader.h. */
#include "fetch/fetchheader.h"

#include <string.h>
#include <strings.h>

enum { HEADER_MAX = 16 << 10 };

bool fetchheader_is_token(const char *p, size_t n) {
  static const char extra[] = "!#$%&'*+-.^_`|~"; /* RFC 9110, 5.6.2 */
  for (size_t i = 0; i < n; i++) {
    char c = p[i];
    bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    if (!alnum && (!c || !strchr(extra, c))) return false;
  }
  return n > 0;
}

bool fetchheader_is_named(const char *p, size_t n, const char *name) {
  return strlen(name) == n && strncasecmp(p, name, n) == 0;
}

/* Headers for framing and for the connection, which only curl sets. */
static bool is_framing(const char *p, size_t n) {
  static const char *const names[] = {"content-length", "transfer-encoding", "connection",
                                      "keep-alive",     "upgrade",           "te",
                                      "trailer",        "expect",            "proxy-authorization"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (fetchheader_is_named(p, n, names[i])) return true;
  return false;
}

bool fetchheader_is_clean(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (p[i] == '\r' || p[i] == '\n' || p[i] == 0) return false;
  return true;
}

static bool is_blank(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (p[i] != ' ' && p[i] != '\t') return false;
  return true;
}

int fetchheader_add(fetchspec *s, const char *line) {
  struct curl_slist *list = curl_slist_append(s->headers, line);
  if (!list) return HOST_EFULL;
  s->headers = list;
  return 0;
}

/* How many bytes of a name a message shows. */
static int shown(size_t n) { return n < 64 ? (int)n : 64; }

int fetchheader_begin(buf *line, const char *name, size_t n) {
  buf_init(line, HEADER_MAX);
  if (!fetchheader_is_token(name, n)) return fetchspec_refuse(HOST_EINVAL, "a header's name is malformed");
  if (is_framing(name, n))
    return fetchspec_refuse(HOST_EINVAL, "header %.*s is the host's own", shown(n), name);
  return buf_add(line, name, n) < 0 || buf_str(line, ": ") < 0 ? HOST_ELIMIT : 0;
}

static void note(fetchspec *s, const char *name, size_t n) {
  if (fetchheader_is_named(name, n, "content-type")) s->has_type = true;
  if (fetchheader_is_named(name, n, "accept-encoding")) s->has_encoding = true;
  if (fetchheader_is_named(name, n, "idempotency-key")) s->repeatable = true;
}

/* curl reads "Name:" as "omit this header", and "Name;" as an empty one. */
static int finish(fetchspec *s, buf *line, size_t n) {
  size_t at = n + 2;
  if (!fetchheader_is_clean(line->p, line->n)) return HOST_EINVAL;
  if (is_blank(line->p + at, line->n - at)) {
    line->p[n] = ';';
    line->n = n + 1;
  }
  if (buf_add(line, "", 1) < 0) return HOST_ELIMIT;
  note(s, line->p, n);
  return fetchheader_add(s, line->p);
}

int fetchheader_end(fetchspec *s, buf *line, size_t n, int e) {
  if (e == 0) e = finish(s, line, n);
  if (e == HOST_ELIMIT) fetchspec_refuse(e, "header %.*s is longer than 16 KB", shown(n), line->p);
  if (e == HOST_EINVAL && line->n)
    fetchspec_refuse(e, "header %.*s has a line break in it", shown(n), line->p);
  if (line->p) explicit_bzero(line->p, line->n);
  buf_free(line);
  return e;
}

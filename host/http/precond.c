/* SPDX-License-Identifier: MIT
 * precond.c -- see precond.h.  Owns: nothing.  Malformed fields are ignored, as the RFC
 * requires. */
#include "http/precond.h"

#include <string.h>
#include <strings.h>

#include "host_api.h"

enum { ALL = 1000, DATE_MAX = 64 };
static const char SPACE[] = " \t";

/* ---- Accept-Encoding ---- */

static const char *skip(const char *p, const char *end) {
  while (p < end && strchr(SPACE, *p)) p++;
  return p;
}

/* The weight in ";q=0.5" and any other parameters of a coding, in thousandths; malformed: 0. */
static int weight_of(const char *p, const char *end) {
  p = skip(p, end);
  if (p == end) return ALL;
  p = skip(p + 1, end);
  if (end - p < 3 || (*p | 32) != 'q' || p[1] != '=' || (p[2] != '0' && p[2] != '1')) return 0;
  int q = (p[2] - '0') * ALL, unit = ALL / 10;
  p += 3;
  if (p < end && *p == '.') {
    for (p++; p < end && *p >= '0' && *p <= '9' && unit; p++, unit /= 10) q += (*p - '0') * unit;
  }
  return skip(p, end) == end && q <= ALL ? q : 0;
}

static int coding_of(const char *p, size_t n) {
  static const struct { const char *name; int coding; } names[] = {
      {"br", PRECOND_BROTLI}, {"gzip", PRECOND_GZIP}, {"x-gzip", PRECOND_GZIP},
      {"identity", PRECOND_IDENTITY}, {"*", PRECOND_CODINGS}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen(names[i].name) == n && strncasecmp(names[i].name, p, n) == 0) return names[i].coding;
  return -1;
}

/* Reads one header's list into `weight`; codings that it does not name stay -1. */
static void read_weights(const char *p, size_t n, int weight[PRECOND_CODINGS + 1]) {
  const char *end = p + n;
  while (p < end) {
    const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end;
    p = skip(p, stop);
    const char *name = p;
    while (p < stop && *p != ';' && !strchr(SPACE, *p)) p++;
    int coding = coding_of(name, (size_t)(p - name));
    if (coding >= 0) weight[coding] = weight_of(p, stop);
    p = stop + 1;
  }
}

int precond_coding(const http1 *h, unsigned there) {
  int weight[PRECOND_CODINGS + 1] = {-1, -1, -1, -1}, best = PRECOND_IDENTITY;
  size_t n;
  int i = http1_find(h, "accept-encoding", 15, 0);
  if (i < 0) return PRECOND_IDENTITY;
  for (; i >= 0; i = http1_find(h, "accept-encoding", 15, i + 1)) {
    const char *value = http1_value(h, i, &n);
    read_weights(value, n, weight);
  }
  int most = weight[PRECOND_IDENTITY]; /* if unnamed, acceptable but never preferred */
  if (most < 0) most = weight[PRECOND_CODINGS];
  for (int c = PRECOND_GZIP; c < PRECOND_CODINGS; c++) {
    int w = weight[c] >= 0 ? weight[c] : weight[PRECOND_CODINGS];
    if (!(there & 1u << c) || w <= 0 || w < most) continue;
    most = w;
    best = c;
  }
  return best;
}

/* ---- dates ---- */

size_t precond_date(time_t t, char out[32]) {
  struct tm tm;
  gmtime_r(&t, &tm);
  return strftime(out, 32, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* The three forms of RFC 9110, 5.6.7; -1 for anything else. */
static time_t date_of(const char *p, size_t n) {
  static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                      "%a %b %e %H:%M:%S %Y"};
  char text[DATE_MAX];
  if (n >= sizeof text) return -1;
  memcpy(text, p, n);
  text[n] = 0;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    struct tm tm = {0};
    const char *end = strptime(text, forms[i], &tm);
    if (end && !*end) return timegm(&tm);
  }
  return -1;
}

static time_t date_header(const http1 *h, const char *name) {
  size_t n;
  int i = http1_find(h, name, strlen(name), 0);
  if (i < 0 || http1_find(h, name, strlen(name), i + 1) >= 0) return -1;
  const char *p = http1_value(h, i, &n);
  return date_of(p, n);
}

/* ---- entity tags ---- */

static bool same_tag(const char *p, size_t n, const char *etag, bool strong) {
  bool weak = n > 2 && p[0] == 'W' && p[1] == '/', mine = *etag == 'W';
  if (strong && (weak || mine)) return false;
  if (weak) p += 2, n -= 2;
  if (mine) etag += 2;
  return strlen(etag) == n && memcmp(etag, p, n) == 0;
}

/* Is the tag in a list?  A tag may hold commas. */
static bool in_list(const char *p, size_t n, const char *etag, bool strong) {
  const char *end = p + n;
  while (p < end) {
    while (p < end && strchr("\t ,", *p)) p++;
    const char *from = p;
    if (p < end && *p == '*' && (p + 1 == end || strchr(SPACE, p[1]))) return true;
    if (end - p > 2 && p[0] == 'W' && p[1] == '/') p += 2;
    if (p == end || *p != '"') return false;
    const char *quote = memchr(p + 1, '"', (size_t)(end - p - 1));
    if (!quote) return false;
    p = quote + 1;
    if (same_tag(from, (size_t)(p - from), etag, strong)) return true;
  }
  return false;
}

typedef enum { ABSENT, NO, YES } verdict;

static verdict names_tag(const http1 *h, const char *name, const char *etag, bool strong) {
  size_t n;
  int i = http1_find(h, name, strlen(name), 0);
  if (i < 0) return ABSENT;
  for (; i >= 0; i = http1_find(h, name, strlen(name), i + 1)) {
    const char *p = http1_value(h, i, &n);
    if (in_list(p, n, etag, strong)) return YES;
  }
  return NO;
}

/* ---- the order of RFC 9110, 13.2.2 ---- */

static bool failed(const http1 *h, const precond_target *t) {
  verdict match = names_tag(h, "if-match", t->etag, true);
  if (match != ABSENT) return match == NO;
  time_t since = date_header(h, "if-unmodified-since");
  return t->modified && since >= 0 && t->modified > since;
}

static bool is_known(const http1 *h, const precond_target *t) {
  verdict known = names_tag(h, "if-none-match", t->etag, false);
  if (known != ABSENT) return known == YES;
  time_t since = date_header(h, "if-modified-since");
  return t->modified && since >= 0 && t->modified <= since;
}

/* If-Range: a part is useful only to a client that has the rest of this same representation. */
static bool range_applies(const http1 *h, const precond_target *t) {
  size_t n;
  int i = http1_find(h, "if-range", 8, 0);
  if (i < 0) return true;
  const char *p = http1_value(h, i, &n);
  if (n && (*p == '"' || *p == 'W')) return same_tag(p, n, t->etag, true);
  return t->modified && *t->etag != 'W' && date_of(p, n) == t->modified;
}

static const char *number(const char *p, const char *end, uint64_t *v) {
  *v = 0;
  for (; p < end && *p >= '0' && *p <= '9'; p++) {
    if (*v > UINT64_MAX / 10 - 1) *v = UINT64_MAX / 10 - 1; /* beyond the end of any file */
    else *v = *v * 10 + (uint64_t)(*p - '0');
  }
  return p;
}

/* One range of bytes: 206 or 416.  Several ranges or another unit: 200 with the whole file. */
static int range_of(const char *p, size_t n, uint64_t size, uint64_t *from, uint64_t *length) {
  const char *end = p + n;
  uint64_t a, b;
  if (n < 7 || strncasecmp(p, "bytes=", 6) != 0) return 200;
  p = skip(p + 6, end);
  const char *first = p, *dash = number(p, end, &a);
  if (dash == end || *dash != '-') return 200;
  const char *last = dash + 1, *stop = number(last, end, &b);
  if (skip(stop, end) != end || (first == dash && last == stop)) return 200;
  if (first == dash) { /* the last b bytes */
    if (!b || !size) return 416;
    *from = b < size ? size - b : 0;
    *length = size - *from;
    return 206;
  }
  if (last != stop && b < a) return 200;
  if (a >= size) return 416;
  *from = a;
  *length = (last == stop || b >= size ? size - 1 : b) - a + 1;
  return 206;
}

int precond_status(const http1 *h, const precond_target *t, uint64_t *from, uint64_t *n) {
  size_t k;
  *from = 0;
  *n = t->size;
  if (failed(h, t)) return 412;
  if (is_known(h, t)) return 304;
  int i = h->method == HOST_GET ? http1_find(h, "range", 5, 0) : -1;
  if (i < 0 || http1_find(h, "range", 5, i + 1) >= 0 || !range_applies(h, t)) return 200;
  const char *p = http1_value(h, i, &k);
  return range_of(p, k, t->size, from, n);
}

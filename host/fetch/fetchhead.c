/* SPDX-License-Identifier: MIT
 * fetchhead.c -- see fetchhead.h.  Lines before the last status line belong to interim responses and are
 * dropped; lines after the body (trailers) are ignored. */
#include "fetch/fetchhead.h"

#include <string.h>

#include "core/pack.h"

void fetchhead_init(fetchhead *h) {
  *h = (fetchhead){0};
  buf_init(&h->b, FETCHHEAD_BYTES);
}

void fetchhead_free(fetchhead *h) { buf_free(&h->b); }

/* Three digits after the first space; 0: none. */
static int status_of(const char *p, size_t n) {
  const char *space = memchr(p, ' ', n), *end = p + n;
  int status = 0;
  if (!space || end - space < 4) return 0;
  for (const char *c = space + 1; c < space + 4; c++) {
    if (*c < '0' || *c > '9') return 0;
    status = 10 * status + (*c - '0');
  }
  return status < 100 ? 0 : status;
}

static void begin(fetchhead *h, const char *p, size_t n) {
  h->b.n = 0;
  h->count = 0;
  h->status = status_of(p, n);
  h->begun = true;
}

static int add_line(fetchhead *h, const char *p, size_t n) {
  const char *colon = memchr(p, ':', n);
  if (!colon || colon == p || *p == ' ' || *p == '\t' || memchr(p, 0, (size_t)(colon - p))) return 0;
  const char *v = colon + 1, *end = p + n;
  while (v < end && (*v == ' ' || *v == '\t')) v++;
  while (end > v && (end[-1] == ' ' || end[-1] == '\t')) end--;
  if (h->count == FETCHHEAD_COUNT) return -1;
  char *name = buf_reserve(&h->b, (size_t)(end - p) + 2);
  if (!name) return -1;
  for (const char *c = p; c < colon; c++) *name++ = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
  h->b.n += (size_t)(colon - p);
  buf_add(&h->b, "", 1);
  buf_add(&h->b, v, strnlen(v, (size_t)(end - v)));
  h->count++;
  return buf_add(&h->b, "", 1);
}

int fetchhead_line(fetchhead *h, const char *p, size_t n) {
  if (h->complete) return 0;
  while (n && (p[n - 1] == '\r' || p[n - 1] == '\n')) n--;
  if (!h->begun && n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
    begin(h, p, n);
    return 0;
  }
  if (n) return add_line(h, p, n);
  h->complete = h->status >= 200;
  h->begun = false;
  return 0;
}

/* ---- packing ---- */

typedef struct { const char *name, *value; } pair;

static int split(const fetchhead *h, pair *list) {
  const char *p = h->b.p;
  for (int i = 0; i < h->count; i++) {
    list[i].name = p;
    list[i].value = p + strlen(p) + 1;
    p = list[i].value + strlen(list[i].value) + 1;
  }
  return h->count;
}

static bool seen_before(const pair *list, int i) {
  for (int k = 0; k < i; k++)
    if (strcmp(list[k].name, list[i].name) == 0) return true;
  return false;
}

static int join(const pair *list, int from, int n, buf *out) {
  out->n = 0;
  for (int i = from; i < n; i++) {
    if (strcmp(list[i].name, list[from].name) != 0) continue;
    if (i > from && buf_str(out, ", ") < 0) return -1;
    if (buf_str(out, list[i].value) < 0) return -1;
  }
  return 0;
}

int fetchhead_pack(const fetchhead *h, buf *out) {
  pair list[FETCHHEAD_COUNT];
  int n = split(h, list);
  uint32_t names = 0;
  for (int i = 0; i < n; i++) names += !seen_before(list, i);
  buf value;
  buf_init(&value, 0);
  int e = pack_map(out, names);
  for (int i = 0; e == 0 && i < n; i++) {
    if (seen_before(list, i)) continue;
    e = join(list, i, n, &value);
    if (e == 0) e = pack_z(out, list[i].name);
    if (e == 0) e = pack_str(out, value.p, value.n);
  }
  buf_free(&value);
  return e;
}

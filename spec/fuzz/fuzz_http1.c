/* SPDX-License-Identifier: MIT
 * fuzz_http1.c -- the same bytes, split in three ways, must give the same requests or the same refusal; and
 * the output of http1_raw() must parse as the original request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http1.h"

enum { HEAD_MAX = 16384, BODY_MAX = 4096 };

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static bool same(const buf *a, const buf *b) {
  return a->n == b->n && (!a->n || !memcmp(a->p, b->p, a->n));
}

static void check_header(const http1 *h, int i) {
  size_t n;
  const http1_header *f = &h->header[i];
  const char *v = http1_value(h, i, &n);
  check(f->name_n && f->name + f->name_n < h->head.n, "a name is outside of the head");
  check(f->value + f->value_n < h->head.n, "a value is outside of the head");
  check(!memchr(v, '\0', n) && !memchr(v, '\r', n) && !memchr(v, '\n', n), "a value has a line end");
}

/* Everything that a reader of the request could see, as text. */
static void describe(const http1 *h, buf *log) {
  check(h->count <= HTTP1_HEADERS && h->target_n <= HTTP1_TARGET, "over a limit");
  check(h->body.n <= BODY_MAX, "the body is over its limit");
  buf_fmt(log, "%d %.*s 1.%d keep %d ws %d\n", h->method, (int)h->target_n, h->head.p + h->target,
          h->minor, h->keep, h->websocket);
  for (int i = 0; i < h->count; i++) {
    size_t n;
    const http1_header *f = &h->header[i];
    check_header(h, i);
    buf_fmt(log, "%.*s=", (int)f->name_n, h->head.p + f->name);
    const char *v = http1_value(h, i, &n);
    buf_add(log, v, n);
    buf_str(log, "\n");
  }
  buf_add(log, h->body.p, h->body.n);
  buf_str(log, "\n");
}

/* One request from the bytes; HTTP1_DONE, HTTP1_MORE, or the refusal. */
static int read_one(http1 *h, const char *p, size_t n, size_t step, size_t *taken) {
  size_t at = 0, k;
  int r = HTTP1_MORE;
  while (at < n && (r == HTTP1_MORE || r == HTTP1_HEAD)) {
    size_t piece = n - at < step ? n - at : step, used = 0;
    do {
      r = http1_feed(h, p + at + used, piece - used, &k);
      check(k <= piece - used, "more was taken than there was");
      used += k;
    } while (r == HTTP1_HEAD);
    check(r != HTTP1_MORE || used, "nothing was taken and nothing said");
    at += used;
  }
  *taken = at;
  return r;
}

static void reread(const http1 *h, const buf *want) {
  static http1 again;
  buf raw = {0}, log = {0};
  size_t taken;
  check(http1_raw(h, &raw) == 0, "out of memory");
  http1_start(&again, HEAD_MAX, BODY_MAX);
  check(read_one(&again, raw.p, raw.n, raw.n, &taken) == HTTP1_DONE, "the raw request is refused");
  check(taken == raw.n, "the raw request has a rest");
  describe(&again, &log);
  check(same(&log, want), "the raw request is another one");
  buf_free(&raw);
  buf_free(&log);
}

static void read_all(const char *p, size_t n, size_t step, buf *log) {
  static http1 h;
  int r = HTTP1_DONE;
  while (n && r == HTTP1_DONE) {
    size_t taken;
    http1_start(&h, HEAD_MAX, BODY_MAX);
    r = read_one(&h, p, n, step, &taken);
    buf one = {0};
    if (r == HTTP1_DONE) describe(&h, &one);
    if (r == HTTP1_DONE) reread(&h, &one);
    buf_fmt(log, "%d: ", r);
    buf_add(log, one.p, one.n);
    buf_free(&one);
    p += taken;
    n -= taken;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (n < 1) return 0;
  buf whole = {0}, bytes = {0}, pieces = {0};
  const char *p = (const char *)data + 1;
  read_all(p, n - 1, n, &whole);
  read_all(p, n - 1, 1, &bytes);
  read_all(p, n - 1, 2u + data[0], &pieces);
  check(same(&whole, &bytes), "byte by byte it is different");
  check(same(&whole, &pieces), "in pieces it is different");
  buf_free(&whole);
  buf_free(&bytes);
  buf_free(&pieces);
  return 0;
}

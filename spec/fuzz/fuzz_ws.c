/* SPDX-License-Identifier: MIT
 * fuzz_ws.c -- the same frames, split in three ways, must give the same events; no message is larger than
 * allowed, all text is UTF-8, and nothing follows an error or a close. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "http/wsframe.h"

enum { MESSAGE_MAX = 65536 };

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static bool same(const buf *a, const buf *b) {
  return a->n == b->n && (!a->n || !memcmp(a->p, b->p, a->n));
}

static void note(wsf_kind k, wsf_event *e, buf *log) {
  check(e->n <= MESSAGE_MAX, "larger than allowed");
  if (k == WSF_MESSAGE && e->code == WS_TEXT) {
    check(utf8_check(UTF8_OK, e->p, e->n) == UTF8_OK, "text is not UTF-8");
  }
  if (k == WSF_CLOSE) check(e->code == 1005 || wsf_code_ok(e->code), "a close code is invalid");
  buf_fmt(log, "%d %d %zu ", k, e->code, e->n);
  buf_add(log, e->p, e->n);
  if (e->owned) free(e->p);
}

static void read_all(const uint8_t *data, size_t n, size_t step, bool deflate, buf *log) {
  wsf_reader r;
  bool over = false;
  char *copy = malloc(n + 1); /* unmasking writes into it */
  if (!copy) return;
  memcpy(copy, data, n);
  wsf_start(&r, MESSAGE_MAX, deflate);
  for (size_t at = 0; at < n; at += step) {
    char *p = copy + at;
    size_t left = n - at < step ? n - at : step;
    while (left) {
      wsf_event e = {0};
      wsf_kind k = wsf_next(&r, &p, &left, &e);
      if (k == WSF_MORE) check(left == 0, "bytes were left behind");
      else check(!over, "something follows the end");
      over = over || k == WSF_ERROR || k == WSF_CLOSE;
      if (k != WSF_MORE) note(k, &e, log);
    }
  }
  wsf_free(&r);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (n < 1) return 0;
  buf whole = {0}, bytes = {0}, pieces = {0};
  bool deflate = data[0] & 1;
  read_all(data + 1, n - 1, n, deflate, &whole);
  read_all(data + 1, n - 1, 1, deflate, &bytes);
  read_all(data + 1, n - 1, 2u + data[0], deflate, &pieces);
  check(same(&whole, &bytes), "byte by byte it is different");
  check(same(&whole, &pieces), "in pieces it is different");
  buf_free(&whole);
  buf_free(&bytes);
  buf_free(&pieces);
  return 0;
}

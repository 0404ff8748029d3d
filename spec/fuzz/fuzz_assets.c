/* SPDX-License-Identifier: MIT
 * fuzz_assets.c -- any request for a file: its answer is within the file, and its path below
 * the tree. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/beneath.h"
#include "host_api.h"
#include "http/http1.h"
#include "http/mime.h"
#include "http/precond.h"

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static void check_path(const http1 *h) {
  host_str raw = {h->head.p + h->target, h->target_n}, out;
  if (host_asset_path(&raw, &out) < 0) return;
  size_t n = out.n && out.p[out.n - 1] == '/' ? out.n - 1 : out.n;
  check(!n || beneath_ok(out.p, n), "a name that leads elsewhere");
  check(!memmem(out.p, out.n, "/.g", 3) && !(n && *out.p == '.' && strncmp(out.p, ".well-known", 11) != 0),
        "a hidden file");
  mime_is_hashed(out.p, out.n);
  check(mime_of(out.p, out.n)->type != NULL, "no type");
}

static void check_answer(const http1 *h, uint64_t size, const char *etag) {
  precond_target t = {etag, 1000000000, size};
  uint64_t from, n;
  int status = precond_status(h, &t, &from, &n), coding = precond_coding(h, ~0u);
  check(coding >= 0 && coding < PRECOND_CODINGS, "a coding that there is not");
  check(precond_coding(h, 0) == PRECOND_IDENTITY, "a coding that the file is not in");
  check(status == 200 || status == 206 || status == 304 || status == 412 || status == 416, "another status");
  if (status == 200) check(from == 0 && n == size, "not the whole");
  if (status == 206) check(n > 0 && from < size && n <= size - from, "a range outside of the file");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static const char start[] = "\r\nHost: x\r\n";
  static http1 h;
  size_t used, line = 0;
  while (line < n && p[line] != '\n') line++;
  char *head = malloc(n + 64);
  check(head != NULL, "no memory");
  size_t k = (size_t)snprintf(head, 8, "GET /");
  memcpy(head + k, p, line);
  k += line;
  memcpy(head + k, " HTTP/1.1", 9);
  memcpy(head + k + 9, start, sizeof start - 1);
  k += 9 + sizeof start - 1;
  if (line < n) memcpy(head + k, p + line + 1, n - line - 1), k += n - line - 1;
  memcpy(head + k, "\r\n\r\n", 4);
  http1_start(&h, HTTP1_HEAD_MAX, 1000);
  int what = http1_feed(&h, head, k + 4, &used);
  if (what == HTTP1_HEAD || what == HTTP1_DONE) {
    check_path(&h);
    check_answer(&h, 0, "\"a\"");
    check_answer(&h, 10, "W/\"a\"");
    check_answer(&h, UINT64_MAX / 2, "\"a\"");
  }
  http1_free(&h);
  free(head);
  return 0;
}

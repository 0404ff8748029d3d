/* SPDX-License-Identifier: MIT
 * fuzz_proxyhead.c -- any bytes as a PROXY head: for every prefix the verdict is the same or
 * still open, and it never depends on the bytes after the head. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/proxyhead.h"

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static bool same(const peer *a, const peer *b) {
  return a->family == b->family && !memcmp(&a->addr, &b->addr, a->family == AF_INET ? 4 : 16);
}

/* A copy of its own: a byte too far is an error of the sanitizer's. */
static proxyhead parse(const uint8_t *p, size_t n, peer *source, size_t *used) {
  char *copy = malloc(n ? n : 1);
  check(copy, "no memory");
  if (n) memcpy(copy, p, n);
  proxyhead what = proxyhead_parse(copy, n, source, used);
  free(copy);
  return what;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  peer source = {0}, again = {0};
  size_t used, k;
  if (n > 2 * PROXYHEAD_MAX) return 0;
  proxyhead what = parse(p, n, &source, &used);
  check(what != PROXYHEAD_MORE || n < PROXYHEAD_MAX, "it waits for more than there may be");
  if (what == PROXYHEAD_SOURCE || what == PROXYHEAD_NOBODY) {
    check(used && used <= n && used <= PROXYHEAD_MAX, "its length is not within what came");
    check(parse(p, used, &again, &k) == what && k == used, "what follows makes a difference");
    check(parse(p, used - 1, &again, &k) == PROXYHEAD_MORE, "it was complete before its end");
  }
  if (what == PROXYHEAD_SOURCE) {
    parse(p, used, &again, &k);
    check(source.family == AF_INET || source.family == AF_INET6, "an address of no family");
    check(same(&source, &again), "another address");
  }
  for (size_t i = 0; i < n && i < 64; i++) {
    proxyhead part = parse(p, i, &again, &k);
    check(part == PROXYHEAD_MORE || part == what, "the verdict changes");
  }
  return 0;
}

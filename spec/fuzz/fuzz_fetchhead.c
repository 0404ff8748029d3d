/* SPDX-License-Identifier: MIT
 * fuzz_fetchhead.c -- any lines as the head of an answer that we fetch: what is kept of them is within its limits,
 * and can be read as a map of names in lower case, each once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pack.h"
#include "fetch/fetchhead.h"

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

/* A copy of its own: a byte too far is an error of the sanitizer's. */
static int add_line(fetchhead *h, const uint8_t *p, size_t n) {
  char *copy = malloc(n ? n : 1);
  check(copy != NULL, "no memory");
  memcpy(copy, p, n);
  int e = fetchhead_line(h, copy, n);
  free(copy);
  return e;
}

static void check_names(const buf *packed) {
  pack_reader r = {(const unsigned char *)packed->p, (const unsigned char *)packed->p + packed->n};
  pack_value map, name[FETCHHEAD_COUNT], value;
  check(pack_read(&r, &map) == PACK_TABLE && map.hash <= FETCHHEAD_COUNT, "no map of headers");
  for (uint32_t i = 0; i < map.hash; i++) {
    check(pack_read(&r, &name[i]) == PACK_STR && pack_read(&r, &value) == PACK_STR, "no header");
    check(name[i].n > 0, "a header without a name");
    for (size_t k = 0; k < name[i].n; k++) check(name[i].s[k] < 'A' || name[i].s[k] > 'Z', "not in lower case");
    for (uint32_t k = 0; k < i; k++)
      check(name[k].n != name[i].n || memcmp(name[k].s, name[i].s, name[i].n) != 0, "a name twice");
  }
  check(r.p == r.end, "more than the map");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  fetchhead h;
  buf packed;
  bool is_within = true;
  fetchhead_init(&h);
  for (size_t at = 0; at < n && is_within;) {
    const uint8_t *end = memchr(p + at, '\n', n - at);
    size_t len = end ? (size_t)(end - p) + 1 - at : n - at;
    int status = h.status, count = h.count;
    bool complete = h.complete;
    is_within = add_line(&h, p + at, len) == 0;
    check(!complete || (h.complete && h.status == status && h.count == count), "it changes once it is complete");
    check(h.count <= FETCHHEAD_COUNT && h.b.n <= FETCHHEAD_BYTES, "more than there may be");
    check(h.status == 0 || (h.status >= 100 && h.status <= 999), "a status that there is not");
    at += len;
  }
  check(!h.complete || h.status >= 200, "complete without a status");
  buf_init(&packed, 0);
  if (is_within) {
    check(fetchhead_pack(&h, &packed) == 0, "it cannot be packed");
    check_names(&packed);
  }
  buf_free(&packed);
  fetchhead_free(&h);
  return 0;
}

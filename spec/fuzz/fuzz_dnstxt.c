/* SPDX-License-Identifier: MIT
 * fuzz_dnstxt.c -- any bytes as a name server's answer: what is read of it is a list of texts, or an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define host_dns_txt the_same_twice /* what reads an answer is the file's own */
#include "core/dnstxt.c"

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static void check_texts(const buf *packed) {
  pack_reader r = {(const unsigned char *)packed->p, (const unsigned char *)packed->p + packed->n};
  pack_value list, text;
  check(pack_read(&r, &list) == PACK_TABLE && list.array <= RECORDS && !list.hash, "no list");
  for (uint32_t i = 0; i < list.array; i++)
    check(pack_read(&r, &text) == PACK_STR && text.n <= TEXT, "no text, or a longer one than there may be");
  check(r.p == r.end, "more than the list");
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  if (n > ANSWER) return 0;
  unsigned char *copy = malloc(n ? n : 1); /* a byte too far is an error of the sanitizer's */
  check(copy != NULL, "no memory");
  memcpy(copy, p, n);
  buf out = {0};
  int e = read_answer(&out, copy, (int)n);
  check(e == 0 || e == HOST_ENET || e == HOST_EINVAL || e == HOST_EFULL, "another error");
  if (e == 0) check_texts(&out);
  buf_free(&out);
  free(copy);
  return 0;
}

/* SPDX-License-Identifier: MIT
 * fuzz_brokerwire.c -- any bytes as a request to the broker: it is refused, or all its strings are within
 * the message and every list ends. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/brokerwire.h"

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static size_t check_list(char *const *list, uint32_t n) {
  size_t bytes = 0;
  uint32_t i = 0;
  for (; list[i]; i++) bytes += strlen(list[i]) + 1; /* beyond its end: an error of the sanitizer's */
  check(i == n, "a list is not as long as it says");
  return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static wire_call call;
  char *copy = malloc(n ? n : 1);
  check(copy, "no memory");
  if (n) memcpy(copy, p, n);
  if (wire_read(copy, n, &call) == 0) {
    const wire_head *h = &call.head;
    size_t bytes = sizeof *h + strlen(call.directory) + 1;
    bytes += check_list(call.args, h->args) + check_list(call.env, h->env);
    bytes += check_list(call.read, h->read) + check_list(call.write, h->write);
    check(bytes == n, "there is more in it than it says");
    check(h->args > 0, "it names no program");
  }
  free(copy);
  return 0;
}

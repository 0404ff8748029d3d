/* SPDX-License-Identifier: MIT
 * instance.c -- see instance.h.  Written once, before the first fork; every worker inherits it. */
#include "server/instance.h"

#include <stdio.h>
#include <sys/random.h>

#include "core/confpack.h"

enum { ID_BYTES = 16, PASS_BYTES = 32 };
static char id[2 * ID_BYTES + 1], pass[2 * PASS_BYTES + 1];

static int random_hex(char *out, size_t n) {
  unsigned char bytes[PASS_BYTES];
  if (getrandom(bytes, n, 0) != (ssize_t)n) return -1;
  for (size_t i = 0; i < n; i++) snprintf(out + i * 2, 3, "%02x", bytes[i]);
  return 0;
}

int instance_make(void) {
  if (random_hex(id, ID_BYTES) || random_hex(pass, PASS_BYTES)) return -1;
  confpack_pass(pass);
  return 0;
}

const char *instance_id(void) {
  return id;
}

const char *instance_pass(void) {
  return pass;
}

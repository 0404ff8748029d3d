/* SPDX-License-Identifier: MIT
 * instance.c -- see instance.h.  Written once, before the first fork; every worker inherits it. */
#include "server/instance.h"

#include <stdio.h>
#include <sys/random.h>

enum { BYTES = 16 };
static char id[2 * BYTES + 1];

int instance_make(void) {
  unsigned char bytes[BYTES];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return -1;
  for (int i = 0; i < BYTES; i++) snprintf(id + (size_t)i * 2, 3, "%02x", bytes[i]);
  return 0;
}

const char *instance_id(void) {
  return id;
}

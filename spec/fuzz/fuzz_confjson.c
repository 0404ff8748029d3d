/* SPDX-License-Identifier: MIT
 * spec/fuzz/fuzz_confjson.c -- any bytes as a settings file: names stay bounded, depth stays bounded. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/confjson.h"

static void on_value(void *values, const char *name, int line, confjson_type type,
                     const char *text) {
  ++*(size_t *)values;
  if (line < 1 || strlen(name) > 255 || strlen(text) > 8191) abort();
  if (type == CONFJSON_BOOL && strcmp(text, "true") && strcmp(text, "false")) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
  static FILE *nowhere; /* the complaints; libFuzzer keeps the real one */
  if (!nowhere) stderr = nowhere = fopen("/dev/null", "w");
  size_t values = 0;
  confjson_parse("fuzz", (const char *)p, n, on_value, &values);
  if (values > n) abort();
  return 0;
}

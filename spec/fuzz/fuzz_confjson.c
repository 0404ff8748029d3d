/* SPDX-License-Identifier: MIT
 * spec/fuzz/fuzz_confjson.c -- any bytes as a settings file: names stay bounded, depth stays bounded. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/confjson.h"

static void on_value(void *values, const confjson_value *v) {
  ++*(size_t *)values;
  if (v->line < 1 || strlen(v->name) > 255 || strlen(v->text) > 16383) abort();
  if (v->to <= v->from || v->members > v->to - v->from) abort();
  if (v->type == CONFJSON_BOOL && strcmp(v->text, "true") && strcmp(v->text, "false")) abort();
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

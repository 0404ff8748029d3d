/* SPDX-License-Identifier: MIT
 * confunit.c -- see confunit.h.  Sizes are powers of 1024, like the defaults.  Case matters: to many, Mb
 * means bits; m is a minute and M a megabyte.  Owns nothing. */
#include "core/confunit.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *unit;
  double factor;
} unit;

static const unit bytes[] = {
    {"B", 1},         {"k", 1024},          {"K", 1024},         {"kB", 1024},      {"KB", 1024},
    {"KiB", 1024},    {"M", 1048576},       {"MB", 1048576},     {"MiB", 1048576},
    {"G", 1073741824}, {"GB", 1073741824},  {"GiB", 1073741824}, {NULL, 0}};
static const unit ms[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const unit s[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};

static const struct {
  const char *end, *examples;
  const unit *units;
} kinds[] = {{"_bytes", "like 64k or 1MB", bytes}, {"_ms", "like 500ms, 30s or 5m", ms},
             {"_s", "like 30s, 5m or 1d", s}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool ends_in(const char *name, const char *end) {
  size_t n = strlen(name), k = strlen(end);
  return n > k && !strcmp(name + n - k, end);
}

static int kind_of(const char *name) {
  for (int i = 0; i < KINDS; i++)
    if (ends_in(name, kinds[i].end)) return i;
  return -1;
}

bool confunit_has(const char *name) {
  return kind_of(name) >= 0;
}

const char *confunit_examples(const char *name) {
  int kind = kind_of(name);
  return kind < 0 ? NULL : kinds[kind].examples;
}

/* 1.1 s is 1100 ms, although 1.1 is not exact in binary. */
static double whole(double v) {
  return fabs(v - round(v)) < 1e-6 ? round(v) : v;
}

int confunit_parse(const char *name, const char *text, double *num) {
  char *end;
  size_t n = strspn(text, "0123456789+-.");
  int kind = kind_of(name);
  *num = strtod(text, &end);
  if (!n || end == text) return -1;
  if (!*end && strspn(text, "0123456789+-.eE") == strlen(text)) return 0;
  if (kind < 0 || end != text + n) return -1; /* hexadecimal, inf, an exponent before a unit */
  if (*end == ' ') end++;
  for (const unit *u = kinds[kind].units; u->unit; u++)
    if (!strcmp(u->unit, end)) return *num = whole(*num * u->factor), 0;
  return -1;
}

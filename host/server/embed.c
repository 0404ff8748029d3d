/* SPDX-License-Identifier: MIT
 * embed.c -- see embed.h: a binary search over the compiled-in files.  Owns nothing. */
#include "server/embed.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *name, const void *file) {
  return strcmp(name, ((const embed_file *)file)->name);
}

int embed_find(const char *name, const char **p, size_t *n) {
  const embed_file *f = bsearch(name, embed_files, embed_count, sizeof *embed_files, by_name);
  if (!f) return 0;
  *p = (const char *)f->p;
  *n = f->n;
  return 1;
}

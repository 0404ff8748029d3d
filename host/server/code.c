/* SPDX-License-Identifier: MIT
 * code.c -- see code.h: a binary search over the compiled-in bytecode.  Owns nothing. */
#include "server/code.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "host_api.h"

_Static_assert(sizeof code_files->sha256 == SHA256_DIGEST_LENGTH, "a sum has its length");

/* Paths of bundles have no NUL at their end when they come from Lua. */
static int by_path(const void *path, const void *file) {
  const host_str *p = path;
  const char *name = ((const code_file *)file)->path;
  int order = strncmp(p->p, name, p->n);
  return order ? order : name[p->n] ? -1 : 0;
}

int host_bundle_code(int generation, host_str *path, int level, host_str *out) {
  unsigned char sum[SHA256_DIGEST_LENGTH];
  host_str text;
  int failed = host_bundle_below(generation, path, level, &text);
  if (failed) return failed;
  const code_file *f = bsearch(path, code_files, code_count, sizeof *code_files, by_path);
  if (!f) return HOST_EGONE;
  SHA256((const unsigned char *)text.p, text.n, sum);
  if (memcmp(sum, f->sha256, sizeof sum)) return HOST_EGONE;
  *out = (host_str){code_bytes + f->from, f->n};
  return 0;
}

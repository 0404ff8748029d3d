/* SPDX-License-Identifier: MIT
 * secretfill.c -- see secretfill.h.  Owns nothing; must never keep or log what it filled in. */
#include "core/secretfill.h"

#include <stdint.h>
#include <string.h>

#include "core/confpack.h"
#include "core/secretstore.h"
#include "host_api.h"

enum { MARK = sizeof "${secret:" - 1 };

static const char *secret(const char *name, size_t n, bool sealed) {
  char z[CONFPACK_NAME];
  if (n == 0 || n >= sizeof z) return NULL;
  memcpy(z, name, n);
  z[n] = 0;
  return sealed ? confpack_sealed(z) : confpack_for_scripts(z);
}

/* The first ${secret: or ${sealed: (of the same length), or NULL. */
static const char *find_mark(const char *p, size_t n) {
  const char *secret_at = memmem(p, n, "${secret:", MARK), *sealed_at = memmem(p, n, "${sealed:", MARK);
  if (!secret_at || !sealed_at) return secret_at ? secret_at : sealed_at;
  return secret_at < sealed_at ? secret_at : sealed_at;
}

static int denied(secretfill *f, const char *name, const char *end, bool sealed) {
  f->name = end ? name : NULL;
  f->n = end ? (size_t)(end - name) : 0;
  f->sealed = sealed;
  return HOST_EDENIED;
}

int secretfill_add(secretfill *f, buf *out, const char *p, size_t n, bool none) {
  const size_t m = MARK;
  if (!find_mark(p, n)) return buf_add(out, p, n) < 0 ? HOST_ELIMIT : 0;
  if (!buf_reserve(out, out->max - out->n)) return HOST_ELIMIT;
  while (n) {
    const char *at = find_mark(p, n);
    size_t before = at ? (size_t)(at - p) : n;
    if (buf_add(out, p, before) < 0) return HOST_ELIMIT;
    if (!at) return 0;
    const char *name = at + m, *end = memchr(name, '}', n - before - m);
    bool sealed = at[4] == 'a';
    const char *value = none || !end ? NULL : secret(name, (size_t)(end - name), sealed);
    if (!value) return denied(f, name, end, sealed);
    int failed = buf_str(out, value);
    secretstore_forget();
    if (failed) return HOST_ELIMIT;
    f->used++;
    n -= (size_t)(end + 1 - p);
    p = end + 1;
  }
  return 0;
}

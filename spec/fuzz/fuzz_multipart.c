/* SPDX-License-Identifier: MIT
 * fuzz_multipart.c -- the same form, split in three ways, must give the same parts or the same refusal; nothing
 * is longer than allowed, no piece is outside of the input, and nothing follows an error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "http/multipart.h"

enum { BOUNDARY_MAX = 4 };

static void check(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static bool same(const buf *a, const buf *b) {
  return a->n == b->n && (!a->n || !memcmp(a->p, b->p, a->n));
}

static void note_part(const multipart *m, buf *log) {
  check(m->name_n && m->name_n <= MULTIPART_NAME, "a name is none, or too long");
  check(m->filename_n <= MULTIPART_FILENAME && m->type_n <= MULTIPART_NAME, "over a limit");
  check(m->has_filename || !m->filename_n, "a filename that is none");
  buf_fmt(log, "\npart %zu %zu %zu %d ", m->name_n, m->filename_n, m->type_n, m->has_filename);
  buf_add(log, m->name, m->name_n);
  buf_add(log, m->filename, m->filename_n);
  buf_add(log, m->type, m->type_n);
  buf_str(log, "\n");
}

static void note(const multipart *m, multipart_piece piece, size_t fed, bool *in_part, buf *log) {
  if (piece == MULTIPART_PART) {
    check(!*in_part, "a part in a part");
    *in_part = true;
    note_part(m, log);
  } else if (piece == MULTIPART_DATA) {
    check(*in_part, "data of no part");
    check(m->n && m->n <= fed + MULTIPART_HELD, "more data than was fed and held");
    buf_add(log, m->p, m->n);
  } else if (piece == MULTIPART_ENDED) {
    check(*in_part, "the end of no part");
    *in_part = false;
    buf_str(log, "\nended\n");
  }
}

static void read_all(const char *boundary, size_t k, const uint8_t *data, size_t n, size_t step, buf *log) {
  static multipart m;
  bool in_part = false, bad = false;
  if (multipart_start(&m, boundary, k)) return;
  for (size_t at = 0; at < n; at += step) {
    size_t piece_n = n - at < step ? n - at : step, used = 0, k2;
    while (used < piece_n) {
      multipart_piece piece = multipart_next(&m, (const char *)data + at + used, piece_n - used, &k2);
      check(k2 <= piece_n - used, "more was taken than there was");
      check(k2 || piece != MULTIPART_MORE, "nothing was taken and nothing said");
      check(!bad || piece == MULTIPART_BAD, "something follows an error");
      bad = piece == MULTIPART_BAD;
      if (bad) break;
      note(&m, piece, piece_n - used, &in_part, log);
      used += k2;
    }
    if (bad) break;
  }
  buf_fmt(log, "%s %d", bad ? m.why : "", multipart_complete(&m));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (n < 3) return 0;
  size_t k = 1 + data[0] % BOUNDARY_MAX;
  if (n < 2 + k) return 0;
  buf whole = {0}, bytes = {0}, pieces = {0};
  const char *boundary = (const char *)data + 2;
  const uint8_t *p = data + 2 + k;
  size_t left = n - 2 - k;
  read_all(boundary, k, p, left, left ? left : 1, &whole);
  read_all(boundary, k, p, left, 1, &bytes);
  read_all(boundary, k, p, left, 2u + data[1], &pieces);
  check(same(&whole, &bytes), "byte by byte it is different");
  check(same(&whole, &pieces), "in pieces it is different");
  buf_free(&whole);
  buf_free(&bytes);
  buf_free(&pieces);
  return 0;
}

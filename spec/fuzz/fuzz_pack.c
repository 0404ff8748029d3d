/* SPDX-License-Identifier: MIT
 * fuzz_pack.c -- arbitrary bytes into the pack reader and its users: statement
 * parameters and outbound requests.  What the reader accepts, the writer must be able to write. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/pack.h"
#include "fetch/fetchspec.h"
#include "pg/dbjob.h"

enum { DEPTH = 64 };

static int copy_value(pack_reader *r, buf *out, int depth);

static int copy_table(pack_reader *r, buf *out, const pack_value *t, int depth) {
  uint32_t n = t->array + 2 * t->hash;
  /* written as a flat array: what matters is that each element is seen once, in order */
  if (pack_array(out, n) < 0) abort();
  for (uint32_t i = 0; i < n; i++)
    if (copy_value(r, out, depth - 1) < 0) return -1;
  return 0;
}

static int copy_value(pack_reader *r, buf *out, int depth) {
  pack_value v;
  if (depth <= 0) return -1;
  switch (pack_read(r, &v)) {
    case PACK_NIL: return pack_nil(out);
    case PACK_NULL: return pack_null(out);
    case PACK_BOOL: return pack_bool(out, v.b);
    case PACK_NUM: return v.is_int ? pack_int(out, (int32_t)v.num) : pack_num(out, v.num);
    case PACK_STR: return pack_str(out, v.s, v.n);
    case PACK_TABLE: return copy_table(r, out, &v, depth);
    default: return -1;
  }
}

static void check_reader(const uint8_t *data, size_t n) {
  pack_reader skip = {data, data + n}, walk = skip;
  int skipped = pack_skip(&skip, DEPTH);
  buf out;
  buf_init(&out, 0);
  int walked = copy_value(&walk, &out, DEPTH);
  if (skipped != walked) abort();
  if (skipped == 0) {
    pack_reader again = {(unsigned char *)out.p, (unsigned char *)out.p + out.n};
    if (skip.p != walk.p) abort();
    if (pack_skip(&again, DEPTH) < 0 || again.p != again.end) abort();
  }
  buf_free(&out);
}

static void check_params(const host_str *blob) {
  host_str sql = {"select 1", 8};
  dbjob *j = dbjob_new();
  if (!j) return;
  dbjob_query(j, &sql, blob, 0, NULL);
  for (int i = 0; i < j->nparams; i++)
    if (j->params[i] && strlen(j->params[i]) > j->text.n) abort();
  dbjob_free(j);
}

static void check_request(const host_str *blob) {
  fetchspec s;
  if (fetchspec_read(&s, blob) < 0) return;
  if (!s.url || strpbrk(s.url, "\r\n")) abort();
  for (struct curl_slist *h = s.headers; h; h = h->next)
    if (strpbrk(h->data, "\r\n")) abort();
  fetchspec_free(&s);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Whether a request goes to a server of our own is a question of settings. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  setenv("HUMAN_CONFIG", "/dev/null", 1);
  return conf_load(NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  host_str blob = {(const char *)data, (uint32_t)n};
  check_reader(data, n);
  check_params(&blob);
  check_request(&blob);
  return 0;
}

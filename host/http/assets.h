/* SPDX-License-Identifier: MIT
 * assets.h -- files as answers: resolves a path and builds the answer.  Compiled-in files are in
 * build/assets.c, made by host/http/assets_gen.lua. */
#ifndef HUMAN_ASSETS_H
#define HUMAN_ASSETS_H
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "http/precond.h"
#include "http/transfer.h"

typedef struct {
  const char *name; /* "tree/path" */
  struct { uint32_t from, n; } in[PRECOND_CODINGS]; /* of assets_bytes; n 0: no such coding */
} assets_file;
extern const assets_file assets_files[]; /* sorted by name */
extern const size_t assets_count;
extern const char assets_bytes[];

enum { ASSETS_ETAG = 64 };
extern const char *const assets_endings[PRECOND_CODINGS]; /* "", ".gz", ".br" of files and ETags */

typedef struct {
  const char *name;      /* determines its type */
  char etag[ASSETS_ETAG];
  time_t modified;       /* 0: unknown */
  uint64_t size;
  int coding, flags;     /* HOST_ASSET_.. */
  transfer_source source;
  const char *first;     /* the beginning of a file, if it has been read already */
  size_t first_n;
} asset;

bool assets_method_ok(const request *r);
/* Answers; always takes ownership of the source.  Returns the
 * status, and the size of the body in `sent`; or an error. */
int assets_answer(request *r, asset *a, const host_str *headers, uint64_t *sent);
#endif

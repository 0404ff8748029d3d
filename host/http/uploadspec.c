/* SPDX-License-Identifier: MIT
 * uploadspec.c -- see uploadspec.h.  Owns: the paths.  Must never: trust its input. */
#include "http/uploadspec.h"

#include <stdlib.h>
#include <string.h>

#include "core/pack.h"

enum { PATHS = 32 };

static const double BYTES_MAX = 1e15;

static bool read_number(pack_reader *r, double max, double *out) {
  pack_value v;
  if (pack_read(r, &v) != PACK_NUM || !(v.num >= 0 && v.num <= max)) return false;
  *out = v.num;
  return true;
}

static bool read_text(pack_reader *r, char *out, size_t room, size_t *n) {
  pack_value v;
  if (pack_read(r, &v) != PACK_STR || v.n > room) return false;
  memcpy(out, v.s, v.n);
  *n = v.n;
  return true;
}

static bool read_file(upload_spec *s, pack_reader *r) {
  double max;
  if (s->n_files == UPLOADSPEC_FILES) return false;
  if (!read_text(r, s->file[s->n_files].name, MULTIPART_NAME, &s->file[s->n_files].name_n)) return false;
  if (!read_number(r, BYTES_MAX, &max)) return false;
  s->file[s->n_files++].max = (uint64_t)max;
  return true;
}

int uploadspec_read(upload_spec *s, const host_str *packed) {
  const unsigned char *p = (const unsigned char *)packed->p;
  pack_reader r = {p, p + packed->n};
  pack_value v;
  double max, fields, parts;
  if (pack_read(&r, &v) != PACK_TABLE || v.array < 4 || v.hash || v.zero_based) return -1;
  if (!read_number(&r, BYTES_MAX, &max) || !read_number(&r, BYTES_MAX, &fields) ||
      !read_number(&r, UPLOADSPEC_PARTS, &parts) ||
      !read_text(&r, s->boundary, sizeof s->boundary, &s->boundary_n)) {
    return -1;
  }
  s->max = (uint64_t)max;
  s->fields_max = (uint64_t)fields;
  s->parts_max = (unsigned)parts;
  for (uint32_t i = 4; i + 1 < v.array; i += 2) {
    if (!read_file(s, &r)) return -1;
  }
  return 0;
}

bool uploadspec_file(const upload_spec *s, const char *name, size_t n, uint64_t *max) {
  for (unsigned i = 0; i < s->n_files; i++) {
    if (s->file[i].name_n != n || memcmp(s->file[i].name, name, n) != 0) continue;
    *max = s->file[i].max;
    return true;
  }
  return false;
}

/* ---- paths ---- */

static struct {
  char *p;
  size_t n;
} paths[PATHS];
static int n_paths;

int host_upload_path(host_str *prefix) {
  if (!prefix->n || prefix->p[0] != '/') return HOST_EINVAL;
  if (n_paths == PATHS) return HOST_EFULL;
  char *copy = malloc(prefix->n);
  if (!copy) return HOST_EFULL;
  memcpy(copy, prefix->p, prefix->n);
  paths[n_paths].p = copy;
  paths[n_paths++].n = prefix->n;
  return 0;
}

void host_upload_paths_clear(void) {
  while (n_paths) free(paths[--n_paths].p);
}

bool uploadspec_is_path(const char *target, size_t n) {
  for (int i = 0; i < n_paths; i++)
    if (n >= paths[i].n && !memcmp(target, paths[i].p, paths[i].n)) return true;
  return false;
}

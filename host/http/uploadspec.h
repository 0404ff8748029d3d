/* SPDX-License-Identifier: MIT
 * uploadspec.h -- reads Lua's description of the uploads that a route accepts. */
#ifndef HUMAN_UPLOADSPEC_H
#define HUMAN_UPLOADSPEC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/op.h"
#include "http/multipart.h"

enum { UPLOADSPEC_PARTS = 100, UPLOADSPEC_FILES = 32 };

typedef struct {
  uint64_t max, fields_max; /* bytes: of the body, of all fields together */
  unsigned parts_max;
  size_t boundary_n;        /* 0: the body is one file */
  char boundary[MULTIPART_BOUNDARY];
  unsigned n_files;
  struct {
    uint64_t max;
    size_t name_n;
    char name[MULTIPART_NAME];
  } file[UPLOADSPEC_FILES];
} upload_spec;

/* Unpacks {max, fields_max, parts_max, boundary, name, max, name, max, ..}.  0, or -1. */
int uploadspec_read(upload_spec *s, const host_str *packed);
/* Is a part of that name a file, and how large may it be? */
bool uploadspec_file(const upload_spec *s, const char *name, size_t n, uint64_t *max);

/* Is the target below a path for which Lua sees requests before their bodies (host_upload_path)? */
bool uploadspec_is_path(const char *target, size_t n);
#endif

/* SPDX-License-Identifier: MIT
 * files.h -- files below a root, for scripts (host_file in host_api.h): the disk operations. */
#ifndef HUMAN_FILES_H
#define HUMAN_FILES_H
#include <stddef.h>

#include "core/buf.h"

typedef struct {
  int what, flags;         /* HOST_FILE_*: the operation */
  const char *root, *name; /* name "": the root itself, where that makes sense */
  const char *to_root, *to; /* the target of a move */
  const char *p;           /* the bytes to write, or the packed entries of a tree */
  size_t n, max;
  buf out;                 /* bytes, or packed facts; the caller's */
} files_job;

/* Blocks.  Returns HOST_FILE_OK, or the reason of the failure. */
int files_do(files_job *j);
#endif

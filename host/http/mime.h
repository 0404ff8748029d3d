/* SPDX-License-Identifier: MIT
 * mime.h -- what a file's name tells about its type. */
#ifndef HUMAN_MIME_H
#define HUMAN_MIME_H
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  const char *ending, *type; /* the type with its charset */
  bool packs;                /* it becomes smaller when it is compressed */
} mime;

const mime *mime_of(const char *name, size_t n); /* by its ending; "application/octet-stream" for others */

/* Does the name hold a hash of the contents, as bundlers write it ("index-BX3f9aQ1.js", "app.8d2f01c4.css")?
 * When in doubt it does not. */
bool mime_is_hashed(const char *name, size_t n);
#endif

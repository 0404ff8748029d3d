/* SPDX-License-Identifier: MIT
 * mime.h -- the media type of a file, by its name. */
#ifndef HUMAN_MIME_H
#define HUMAN_MIME_H
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  const char *ending, *type; /* the type with its charset */
  bool packs;                /* worth compressing */
} mime;

const mime *mime_of(const char *name, size_t n); /* "application/octet-stream" if unknown */

/* Does the name contain a hash of the contents, as bundlers write it ("index-BX3f9aQ1.js",
 * "app.8d2f01c4.css")?  False when in doubt. */
bool mime_is_hashed(const char *name, size_t n);
#endif

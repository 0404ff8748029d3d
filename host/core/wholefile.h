/* SPDX-License-Identifier: MIT
 * wholefile.h -- atomic writes of small private files: a reader sees the old text or the new one,
 * even if the writer is killed, and only the owner can read it. */
#ifndef HUMAN_WHOLEFILE_H
#define HUMAN_WHOLEFILE_H
#include <stddef.h>

#include "core/buf.h"

/* Appends the file to `out`; EFBIG if it exceeds the buffer's maximum.  0, or -1 and errno. */
int wholefile_read(const char *path, buf *out);

/* Creates or replaces the file.  For one writer at a time.  0, or -1 and errno. */
int wholefile_replace(const char *path, const char *text, size_t n);

/* Creates the file unless it exists (EEXIST), for any number of writers.  0, or -1 and errno. */
int wholefile_create(const char *path, const char *text, size_t n);
#endif

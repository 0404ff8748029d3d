/* SPDX-License-Identifier: MIT
 * wholefile.h -- atomic writes of small private files: whenever a file is read, and whatever kills its
 * writer, it has the old text or the new one, and only its owner can read it. */
#ifndef HUMAN_WHOLEFILE_H
#define HUMAN_WHOLEFILE_H
#include <stddef.h>

#include "core/buf.h"

/* Appends the file to `out`, whose maximum it may not exceed (EFBIG).  0; -1: errno says why. */
int wholefile_read(const char *path, buf *out);

/* Puts the text in the place of what is there, or not.  For one writer at a time.  0; -1: errno. */
int wholefile_replace(const char *path, const char *text, size_t n);

/* Only where there is nothing yet (EEXIST), for any number of writers.  0; -1: errno. */
int wholefile_create(const char *path, const char *text, size_t n);
#endif

/* SPDX-License-Identifier: MIT
 * confedit.h -- replaces or adds one value in a settings file; comments and all else stay as they are. */
#ifndef HUMAN_CONFEDIT_H
#define HUMAN_CONFEDIT_H
#include <stddef.h>

#include "core/buf.h"

/* Sets `name` to `json` in `text`.  Returns 0, or -1 and a reason; then `text` is unchanged. */
int confedit(buf *text, const char *name, const char *json, char *why, size_t n);
#endif

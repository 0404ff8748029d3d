/* SPDX-License-Identifier: MIT
 * confjson.h -- the reader of settings files: JSON, plus comments and trailing commas. */
#ifndef HUMAN_CONFJSON_H
#define HUMAN_CONFJSON_H
#include <stddef.h>

typedef enum { CONFJSON_STRING, CONFJSON_NUMBER, CONFJSON_BOOL, CONFJSON_NULL } confjson_type;

/* Called for each value that is not an object; `name` is the dotted path of its keys. */
typedef void (*confjson_fn)(void *ctx, const char *name, int line, confjson_type type,
                            const char *text);

/* 0, or -1 and "file:line: what" on stderr at the first thing that is not JSON. */
int confjson_parse(const char *file, const char *text, size_t n, confjson_fn fn, void *ctx);
#endif

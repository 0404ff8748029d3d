/* SPDX-License-Identifier: MIT
 * confjson.h -- the reader of settings files: JSON, plus comments and trailing commas. */
#ifndef HUMAN_CONFJSON_H
#define HUMAN_CONFJSON_H
#include <stddef.h>
#include <stdio.h>

typedef enum {
  CONFJSON_STRING, CONFJSON_NUMBER, CONFJSON_BOOL, CONFJSON_NULL,
  CONFJSON_LIST,  /* text: the list as plain JSON */
  CONFJSON_OBJECT /* text: ""; reported after its members */
} confjson_type;

typedef struct {
  const char *name; /* the path of its keys, joined by dots; in a key "." is "%2E" and "%" is "%25" */
  int line;
  confjson_type type;
  const char *text;
  size_t from, to; /* its bytes in the file; an object's include its braces */
  size_t members;  /* of an object */
} confjson_value;

/* Called for each value and each object, but not for the elements of a list. */
typedef void (*confjson_fn)(void *ctx, const confjson_value *value);

extern FILE *confjson_out; /* where complaints about settings go; NULL: stderr */

/* 0, or -1 and "file:line: what" at the first thing that is not JSON. */
int confjson_parse(const char *file, const char *text, size_t n, confjson_fn fn, void *ctx);
#endif

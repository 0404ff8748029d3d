/* SPDX-License-Identifier: MIT
 * confedit.c -- see confedit.h.  Finds the value, or the innermost
 * object that it belongs in, and writes there. Owns nothing. */
#include "core/confedit.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/confjson.h"

typedef struct {
  const char *name;
  size_t name_n;
  bool exact, around, blocked; /* found: the value; its object; something in its way */
  size_t from, to, members, depth_n; /* depth_n: how many bytes of `name` name the object */
} search;

static void on_value(void *ctx, const confjson_value *v) {
  search *s = ctx;
  size_t n = strlen(v->name);
  if (!strcmp(v->name, s->name)) {
    *s = (search){.name = s->name, .name_n = s->name_n, .exact = true, .from = v->from, .to = v->to};
    return;
  }
  bool above = n < s->name_n && !strncmp(v->name, s->name, n) && (!n || s->name[n] == '.');
  if (!above || s->exact || (s->around && n <= s->depth_n)) return;
  if (v->type == CONFJSON_OBJECT)
    s->around = true, s->from = v->from, s->to = v->to, s->members = v->members, s->depth_n = n;
  else
    s->blocked = v->type != CONFJSON_NULL;
}

static int splice(buf *text, size_t from, size_t to, const buf *in) {
  buf out = {.max = text->max};
  if (buf_add(&out, text->p, from) || buf_add(&out, in->p, in->n) ||
      buf_add(&out, text->p + to, text->n - to)) {
    buf_free(&out);
    return -1;
  }
  buf_free(text);
  *text = out;
  return 0;
}

/* Appends "a": {"b": json} for the part of the name that does not exist yet. */
static int add_member(buf *in, const char *name, const char *json) {
  int deep = 0, failed = 0;
  for (const char *dot; !failed && (dot = strchr(name, '.')); name = dot + 1, deep++)
    failed = buf_fmt(in, "\"%.*s\": {", (int)(dot - name), name);
  failed = failed || buf_fmt(in, "\"%s\": %s", name, json);
  while (!failed && deep--) failed = buf_str(in, "}");
  return failed;
}

static int insert(buf *text, const search *s, const char *json) {
  buf in = {.max = text->max};
  bool spread = text->p && memchr(text->p + s->from, '\n', s->to - s->from);
  const char *rest = s->name + s->depth_n + (s->depth_n ? 1 : 0);
  int indent = 2;
  for (size_t i = 0; i < s->depth_n; i++)
    if (s->name[i] == '.') indent += 2;
  if (s->depth_n) indent += 2;
  int failed = spread ? buf_fmt(&in, "\n%*s", indent, "") : 0;
  failed = failed || add_member(&in, rest, json) ||
           (s->members && buf_str(&in, spread ? "," : ", ")) || splice(text, s->from + 1, s->from + 1, &in);
  buf_free(&in);
  return failed ? -1 : 0;
}

/* Errors in the text go to the caller, not to stderr. */
static int look(const buf *text, search *s, char *why, size_t n) {
  char *said = NULL;
  size_t said_n = 0;
  FILE *before = confjson_out;
  confjson_out = open_memstream(&said, &said_n);
  int failed = confjson_parse("the settings file", text->p ? text->p : "", text->n, on_value, s);
  if (confjson_out) fclose(confjson_out);
  confjson_out = before;
  if (failed) snprintf(why, n, "%.*s", said_n ? (int)said_n - 1 : 0, said ? said : "");
  free(said);
  return failed;
}

int confedit(buf *text, const char *name, const char *json, char *why, size_t n) {
  search s = {.name = name, .name_n = strlen(name)};
  if (look(text, &s, why, n)) return -1;
  int failed;
  if (s.exact) {
    buf in = {(char *)(uintptr_t)json, strlen(json), strlen(json), 0};
    failed = splice(text, s.from, s.to, &in);
  } else if (s.blocked || !s.around) {
    return snprintf(why, n, "%s: its parent in the file is not a { .. }", name), -1;
  } else {
    failed = insert(text, &s, json);
  }
  return failed ? (snprintf(why, n, "the settings file would be too large"), -1) : 0;
}

/* SPDX-License-Identifier: MIT
 * confextra.c -- see confextra.h.  Owns: the flags, the names of variables, and the second variables of
 * secrets.  Never validates values: scripts do. */
#include "core/confextra.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conftable.h"

enum { FLAGS_MAX = 64, VARIABLES_MAX = 64, ALIASES_MAX = 64, NAME_BYTES = 128 };

typedef struct { char name[NAME_BYTES], variable[NAME_BYTES]; } alias;

static struct {
  const char *flag[FLAGS_MAX][2]; /* from the command line */
  size_t flags;
  char variable[VARIABLES_MAX][NAME_BYTES];
  size_t variables;
  alias alias[ALIASES_MAX];
  size_t aliases;
  const char *used, *used_end;
} x;

void confextra_clear(void) {
  x.flags = x.variables = 0;
}

void confextra_flag(const char *name, const char *text) {
  size_t i = 0;
  while (i < x.flags && strcmp(x.flag[i][0], name) != 0) i++;
  if (i == FLAGS_MAX) return; /* the command line takes no more than that */
  x.flag[i][0] = name;
  x.flag[i][1] = text;
  if (i == x.flags) x.flags++;
}

void confextra_variable(const char *name) {
  if (x.variables < VARIABLES_MAX && strlen(name) < NAME_BYTES)
    memcpy(x.variable[x.variables++], name, strlen(name) + 1);
}

bool confextra_each_flag(size_t i, confextra *e) {
  if (i >= x.flags) return false;
  *e = (confextra){x.flag[i][0], x.flag[i][1], "--set", CONFEXTRA_WORD};
  return true;
}

const char *confextra_each_variable(size_t i) {
  return i < x.variables ? x.variable[i] : NULL;
}

/* ---- entries ---- */

static const char *text_at(const char **at, const char *end) {
  const char *text = *at, *nul = memchr(text, 0, (size_t)(end - text));
  *at = nul ? nul + 1 : end;
  return nul ? text : NULL;
}

bool confextra_next(const char **at, const char *end, confextra *e) {
  if (!*at || *at >= end) return false;
  const char *name = text_at(at, end), *type = text_at(at, end), *text = text_at(at, end),
             *source = text_at(at, end);
  if (!name || !type || !text || !source) return false;
  *e = (confextra){name, text, source, *type - 'a'};
  return true;
}

static bool find_entry(const char *entries, size_t n, const char *name, confextra *e) {
  if (!entries) return false;
  const char *at = entries, *end = entries + n;
  while (confextra_next(&at, end, e))
    if (!strcmp(e->name, name)) return true;
  return false;
}

const char *confextra_add(buf *entries, const confextra *e) {
  confextra earlier;
  const char type[2] = {(char)('a' + e->type), 0};
  if (find_entry(entries->p, entries->n, e->name, &earlier)) return earlier.source;
  size_t before = entries->n;
  if (buf_add(entries, e->name, strlen(e->name) + 1) || buf_add(entries, type, sizeof type) ||
      buf_add(entries, e->text, strlen(e->text) + 1) || buf_add(entries, e->source, strlen(e->source) + 1))
    entries->n = before;
  return NULL;
}

/* ---- which value wins ---- */

static bool find_flag(const char *name, confextra *e) {
  for (size_t i = 0; confextra_each_flag(i, e); i++)
    if (!strcmp(e->name, name)) return true;
  return false;
}

/* An empty variable counts as unset; so does an address that an orchestrator sets for a service. */
static bool find_variable(const char *name, const char *variable, confextra *e) {
  const char *text = variable && *variable ? getenv(variable) : NULL;
  if (!text || !*text || !strncmp(text, "tcp://", 6) || !strncmp(text, "udp://", 6)) return false;
  *e = (confextra){name, text, variable, CONFEXTRA_WORD};
  return true;
}

bool confextra_find(const char *entries, size_t n, const char *name, const char *variable, confextra *e) {
  static char own[NAME_BYTES];
  if (strlen(name) + sizeof "HUMAN_" > sizeof own) return false;
  conf_env_name(name, own, sizeof own);
  return find_flag(name, e) || find_variable(name, own, e) || find_variable(name, variable, e) ||
         find_entry(entries, n, name, e);
}

/* ---- secrets ---- */

void confextra_use(const char *entries, size_t n) {
  x.used = entries;
  x.used_end = entries ? entries + n : NULL;
}

static const char *alias_of(const char *name) {
  for (size_t i = 0; i < x.aliases; i++)
    if (!strcmp(x.alias[i].name, name)) return x.alias[i].variable;
  return NULL;
}

int confextra_alias(const char *name, const char *variable) {
  const char *known = alias_of(name);
  if (known && !strcmp(known, variable)) return 0;
  if (x.aliases == ALIASES_MAX || strlen(name) >= NAME_BYTES || strlen(variable) >= NAME_BYTES) return -1;
  alias *a = &x.alias[x.aliases++];
  memmove(x.alias + 1, x.alias, (size_t)(a - x.alias) * sizeof *a); /* the newest wins */
  snprintf(x.alias[0].name, NAME_BYTES, "%s", name);
  snprintf(x.alias[0].variable, NAME_BYTES, "%s", variable);
  return 0;
}

const char *confextra_secret(const char *name) {
  confextra e;
  size_t n = x.used ? (size_t)(x.used_end - x.used) : 0;
  if (!confextra_find(x.used, n, name, alias_of(name), &e) || !*e.text) return NULL;
  return e.type == CONFEXTRA_WORD || e.type == CONFJSON_STRING ? e.text : NULL;
}

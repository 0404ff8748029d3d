/* SPDX-License-Identifier: MIT
 * conffile.c -- see conffile.h.  Owns the entries of settings that C does not define. */
#include "core/conffile.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/confextra.h"
#include "core/conftable.h"
#include "core/confunit.h"

enum { NAMES_MAX = 256 };

static struct {
  char path[PATH_MAX];
  bool is_system, of_tree;
  buf first, entries, read;   /* at the start; of the last good read; of the current read */
  int failures;
  void (*give)(const char *name, const char *text, const char *source);
  buf *restart;
  int line_of[NAMES_MAX];     /* where the current read has seen each of C's settings */
} f = {.first = {.max = CONFEXTRA_BYTES_MAX}, .entries = {.max = CONFEXTRA_BYTES_MAX},
      .read = {.max = CONFEXTRA_BYTES_MAX}};

const char *conffile_path(void) { return f.path; }
bool conffile_is_system(void) { return f.is_system; }
const buf *conffile_entries(void) { return &f.entries; }
const buf *conffile_first(void) { return &f.first; }

__attribute__((format(printf, 3, 4)))
static void failed(const char *source, const char *name, const char *fmt, ...) {
  FILE *out = confjson_out ? confjson_out : stderr;
  va_list args;
  va_start(args, fmt);
  fprintf(out, "%s: %s%s", source, name, *name ? ": " : "");
  vfprintf(out, fmt, args);
  fputc('\n', out);
  va_end(args);
  f.failures++;
}

/* The type that a rule wants, or NULL if the file has it. */
static const char *wrong_type(const conf_rule *rule, confjson_type type) {
  switch (rule->type) {
  case CONF_INT:
    if (type == CONFJSON_STRING && confunit_has(rule->name)) return NULL;
    return type == CONFJSON_NUMBER ? NULL : "a number";
  case CONF_BOOL: return type == CONFJSON_BOOL ? NULL : "true or false";
  case CONF_TEXT:
  case CONF_NETWORKS:
  case CONF_HOSTS:
  case CONF_CHOICE: return type == CONFJSON_STRING ? NULL : "a text in quotes";
  case CONF_WORKERS:
    return type == CONFJSON_LIST || type == CONFJSON_OBJECT ? "\"auto\" or a number" : NULL;
  }
  return NULL;
}

/* Would a restart change it?  Not if its value comes from a stronger source than the file. */
static void compare(const conf_item *item, const char *text) {
  char why[160];
  double num;
  size_t n = strlen(f.path);
  if (conf_check(item->rule, text, &num, why, sizeof why)) {
    failed(f.path, item->rule->name, "%s", why);
    return;
  }
  bool of_file = !strcmp(item->given_source, "default") || !strncmp(item->given_source, f.path, n);
  if (!of_file || !f.restart || !conf_differs(item, text)) return;
  buf_fmt(f.restart, "%s%s", f.restart->n ? ", " : "", item->rule->name);
}

static void on_own(const conf_item *item, size_t index, const confjson_value *v, const char *source) {
  const char *wanted = v->type == CONFJSON_NULL ? NULL : wrong_type(item->rule, v->type);
  if (wanted) return failed(source, v->name, "must be %s", wanted);
  if (index < NAMES_MAX && f.line_of[index])
    return failed(source, v->name, "is set twice, in line %d as well", f.line_of[index]);
  if (index < NAMES_MAX) f.line_of[index] = v->line;
  if (v->type == CONFJSON_NULL) return; /* keep the default */
  if (f.give) f.give(v->name, v->text, source);
  else compare(item, v->text);
}

static void on_value(void *ctx, const confjson_value *v) {
  char source[sizeof((conf_item *)0)->source];
  (void)ctx;
  if (v->type == CONFJSON_OBJECT && (v->members || !*v->name)) return;
  snprintf(source, sizeof source, "%.300s:%d", f.path, v->line);
  const conf_item *item = conf_find(v->name);
  if (item) return on_own(item, conf_index(item), v, source);
  const char *earlier = confextra_add(&f.read, &(confextra){v->name, v->text, source, (int)v->type});
  const char *line = earlier ? strrchr(earlier, ':') : NULL;
  if (line) failed(source, v->name, "is set twice, in line %s as well", line + 1);
}

static void parse(const char *text, size_t n) {
  f.read.n = 0;
  memset(f.line_of, 0, sizeof f.line_of);
  if (confjson_parse(f.path, text, n, on_value, NULL)) f.failures++;
  if (f.failures) return;
  buf old = f.entries;
  f.entries = f.read;
  f.read = old;
}

/* -1: does not exist; 0: read.  Anything wrong in it is counted in `failures`. */
static int load(const char *path) {
  snprintf(f.path, sizeof f.path, "%s", path);
  FILE *file = fopen(path, "re");
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return f.path[0] = 0, -1;
  f.is_system = !strcmp(path, CONFFILE_SYSTEM);
  if (!file) {
    bool shared = errno == EACCES && f.is_system;
    failed(path, "", "%s%s", strerror(errno),
           shared ? " (it is this machine's server's; for your own make ~/.human/config.json)" : "");
    return 0;
  }
  char *text = malloc(CONFFILE_MAX + 1);
  size_t n = text ? fread(text, 1, CONFFILE_MAX + 1, file) : 0;
  if (!text || ferror(file)) failed(path, "", "cannot be read: %s", strerror(errno));
  else if (n > CONFFILE_MAX)
    failed(path, "", "is larger than a settings file may be (%d bytes)", CONFFILE_MAX);
  else parse(text, n);
  if (text) explicit_bzero(text, n);
  free(text);
  fclose(file);
  return 0;
}

/* The first file that exists is used; one named by HUMAN_CONFIG must exist. */
static void home_file(char *path, size_t n) {
  const char *home = getenv("HUMAN_HOME");
  if (home && *home) snprintf(path, n, "%s/config.json", home);
  else snprintf(path, n, "%s/.human/config.json", conf_user_home());
}

const char *conffile_own(void) {
  static char own[PATH_MAX + 32];
  if (!f.of_tree && *f.path) return f.path;
  home_file(own, sizeof own);
  return own;
}

void conffile_is_now(const char *path) {
  snprintf(f.path, sizeof f.path, "%s", path);
  f.of_tree = false;
}

static void load_first(void) {
  char path[PATH_MAX + 32], tree[PATH_MAX];
  const char *named = getenv("HUMAN_CONFIG");
  f.path[0] = 0;
  f.of_tree = false;
  f.is_system = false;
  f.entries.n = 0;
  if (named && *named) {
    if (load(named)) failed("HUMAN_CONFIG", "", "there is no file %s", named);
    return;
  }
  home_file(path, sizeof path);
  if (!load(path) || !load(CONFFILE_SYSTEM)) return;
  if (!conf_checkout(tree, sizeof tree)) return;
  snprintf(path, sizeof path, "%s/etc/human.json", tree);
  f.of_tree = !load(path);
}

int conffile_load(void (*give)(const char *name, const char *text, const char *source)) {
  f.failures = 0;
  f.give = give;
  load_first();
  f.first.n = 0;
  if (buf_add(&f.first, f.entries.p, f.entries.n)) failed(f.path, "", "no memory");
  return f.failures;
}

/* A setting that was removed from the file would get its default back. */
static void compare_absent(void) {
  size_t n = strlen(f.path);
  for (size_t i = 0; i < conf_count && i < NAMES_MAX; i++) {
    const conf_item *item = conf_at(i);
    if (!f.line_of[i] && n && !strncmp(item->given_source, f.path, n))
      compare(item, item->rule->fallback);
  }
}

int conffile_again(const buf *text, buf *restart) {
  char path[sizeof f.path];
  f.failures = 0;
  f.give = NULL;
  f.restart = restart;
  memcpy(path, f.path, sizeof path);
  if (text) parse(text->p, text->n);
  else if (*path && load(path)) failed(path, "", "is gone"), memcpy(f.path, path, sizeof path);
  if (!f.failures) compare_absent();
  return f.failures;
}

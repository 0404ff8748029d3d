/* SPDX-License-Identifier: MIT
 * tree.c -- see tree.h: reads *.lua and *.sql below the search path and refuses what cannot be
 * trusted.  The caller owns the tree; nothing is remembered here, nothing is printed. */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "conftable.h"

enum { FILE_BYTES_MAX = 1024 * 1024, DEPTH_MAX = 16, READS_MAX = 4 };

/* What one walk over a directory of the search path needs. */
typedef struct {
  tree *t;
  unsigned root;
  bool strict; /* installed: refuse what another user could have written */
  char *why;
  size_t why_n;
} walk;

static int refuse(const walk *w, const char *path, const char *reason) {
  snprintf(w->why, w->why_n, "%s: %s", path, reason);
  return -1;
}

void tree_free(tree *t) {
  for (size_t i = 0; i < t->count; i++) {
    free(t->files[i].path);
    free(t->files[i].bytes);
  }
  for (unsigned i = 0; i < t->roots; i++) free(t->root[i]);
  free(t->files);
  *t = (tree){0};
}

/* ---- one file ---- */

static bool is_script(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot && (!strcmp(dot, ".lua") || !strcmp(dot, ".sql"));
}

/* A link may not lead out of its tree, nor may strangers be able to write, once installed. */
static int check_trust(const walk *w, const char *path, const struct stat *st) {
  char real[PATH_MAX];
  const char *root = w->t->root[w->root];
  size_t n = strlen(root);
  if (!w->strict) return 0;
  if (st->st_mode & (S_IWGRP | S_IWOTH))
    return refuse(w, path, "refused: group or others may write it (chmod go-w)");
  if (!realpath(path, real)) return refuse(w, path, strerror(errno));
  if (strncmp(real, root, n) || (real[n] && real[n] != '/'))
    return refuse(w, path, "refused: a link out of its script directory");
  return 0;
}

static bool same_moment(const struct stat *a, const struct stat *b) {
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* One attempt: 0 read, 1 it changed meanwhile, -1 with errno. */
static int read_once(const char *path, tree_file *f) {
  struct stat before, after;
  int fd = open(path, O_RDONLY | O_CLOEXEC), result = -1;
  if (fd < 0 || fstat(fd, &before)) goto done;
  if (before.st_size > FILE_BYTES_MAX) {
    errno = EFBIG;
    goto done;
  }
  size_t want = (size_t)before.st_size, at = 0;
  f->bytes = malloc(want + 1);
  if (!f->bytes) goto done;
  while (at < want) {
    ssize_t k = read(fd, f->bytes + at, want - at);
    if (k < 0) goto done;
    if (k == 0) break;
    at += (size_t)k;
  }
  if (fstat(fd, &after)) goto done;
  f->n = at;
  result = at == want && same_moment(&before, &after) ? 0 : 1;
done:
  if (fd >= 0) close(fd);
  if (result) {
    free(f->bytes);
    f->bytes = NULL;
  }
  return result;
}

static int read_bytes(const walk *w, const char *path, tree_file *f) {
  for (int i = 0; i < READS_MAX; i++) {
    int result = read_once(path, f);
    if (result == 0) return 0;
    if (result < 0 && errno == EFBIG) return refuse(w, path, "refused: larger than 1 MB");
    if (result < 0) return refuse(w, path, strerror(errno));
  }
  return refuse(w, path, "refused: it keeps changing while it is read");
}

static int make_room(const walk *w, const char *path) {
  tree *t = w->t;
  if (t->count == TREE_FILES_MAX) return refuse(w, path, "refused: more than 8192 scripts");
  if (t->count < t->cap) return 0;
  size_t cap = t->cap ? t->cap * 2 : 256;
  tree_file *grown = realloc(t->files, cap * sizeof *grown);
  if (!grown) return refuse(w, path, "out of memory");
  t->files = grown;
  t->cap = cap;
  return 0;
}

static int add_file(walk *w, const char *path, const char *relative, const struct stat *st) {
  tree *t = w->t;
  if (check_trust(w, path, st) || make_room(w, path)) return -1;
  tree_file f = {.path = strdup(relative), .root = w->root};
  if (!f.path) return refuse(w, path, "out of memory");
  if (read_bytes(w, path, &f)) {
    free(f.path);
    return -1;
  }
  t->files[t->count++] = f;
  t->total += f.n;
  if (t->total > TREE_BYTES_MAX)
    return refuse(w, path, "refused: all scripts together are larger than 64 MB");
  return 0;
}

/* ---- directories ---- */

static int walk_directory(walk *w, const char *path, const char *relative, int depth);

static int visit(walk *w, const char *dir, const char *relative, const char *name, int depth) {
  char path[PATH_MAX], below[PATH_MAX];
  struct stat st;
  int n = snprintf(path, sizeof path, "%s/%s", dir, name);
  int m = snprintf(below, sizeof below, "%s%s%s", relative, *relative ? "/" : "", name);
  if (n >= PATH_MAX || m >= PATH_MAX) return refuse(w, dir, "a path below it is too long");
  if (stat(path, &st)) return refuse(w, path, strerror(errno));
  if (S_ISDIR(st.st_mode)) {
    if (depth == DEPTH_MAX) return refuse(w, path, "refused: nested too deep");
    if (check_trust(w, path, &st)) return -1;
    return walk_directory(w, path, below, depth + 1);
  }
  if (!S_ISREG(st.st_mode) || !is_script(name)) return 0;
  return add_file(w, path, below, &st);
}

static int walk_directory(walk *w, const char *path, const char *relative, int depth) {
  DIR *d = opendir(path);
  if (!d) return refuse(w, path, strerror(errno));
  int failed = 0;
  const struct dirent *e;
  while (!failed && (e = readdir(d)))
    if (e->d_name[0] != '.') failed = visit(w, path, relative, e->d_name, depth);
  closedir(d);
  return failed;
}

static bool has_root(const tree *t, const char *real) {
  for (unsigned i = 0; i < t->roots; i++)
    if (!strcmp(t->root[i], real)) return true;
  return false;
}

/* The directories of the default need not exist, those that somebody named must. */
static int read_root(walk *w, const char *path, bool may_miss) {
  char real[PATH_MAX];
  struct stat st;
  tree *t = w->t;
  if (stat(path, &st) || !realpath(path, real)) {
    if (may_miss && errno == ENOENT) return 0;
    snprintf(w->why, w->why_n, "%s: %s (scripts, set by: %s)", path, strerror(errno),
             conf_source("scripts"));
    return -1;
  }
  if (!S_ISDIR(st.st_mode)) return refuse(w, path, "scripts: not a directory");
  if (has_root(t, real)) return 0;
  if (t->roots == TREE_ROOTS_MAX) return refuse(w, path, "scripts: more than 8 directories");
  t->root[t->roots] = strdup(real);
  if (!t->root[t->roots]) return refuse(w, path, "out of memory");
  w->root = t->roots++;
  if (check_trust(w, path, &st)) return -1;
  return walk_directory(w, path, "", 1);
}

static int by_path(const void *a, const void *b) {
  const tree_file *x = a, *y = b;
  int order = strcmp(x->path, y->path);
  return order ? order : (x->root > y->root) - (x->root < y->root);
}

int tree_read(tree *t, char *why, size_t why_n) {
  walk w = {.t = t, .strict = !conf_in_checkout(), .why = why, .why_n = why_n};
  const char *list = conf_str("scripts");
  bool by_default = !strcmp(conf_source("scripts"), "default");
  while (*list) {
    char path[PATH_MAX];
    size_t n = strcspn(list, ":");
    if (n >= sizeof path) return refuse(&w, "scripts", "a path in it is too long");
    memcpy(path, list, n);
    path[n] = 0;
    if (n && read_root(&w, path, by_default)) return -1;
    list += n + (list[n] == ':');
  }
  if (t->count) qsort(t->files, t->count, sizeof *t->files, by_path);
  if (t->count) return 0;
  snprintf(why, why_n, "scripts: there are no scripts in %s", conf_str("scripts"));
  return -1;
}

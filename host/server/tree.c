/* SPDX-License-Identifier: MIT
 * tree.c -- see tree.h: reads *.lua and *.sql below the search path and refuses files that cannot be
 * trusted.  The caller owns the tree; this keeps and prints nothing. */
#include "server/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/conftable.h"

enum { FILE_BYTES_MAX = 1024 * 1024, DEPTH_MAX = 16, READS_MAX = 4, PERSON_MIN = 1000,
       PERSON_MAX = 59999, PATTERN_MAX = 256 };

/* One walk over a directory of the search path. */
typedef struct {
  tree *t;
  unsigned root;
  bool overriding; /* not the shipped one */
  bool strict;     /* installed: refuse what another user could have written */
  char *why;
  size_t why_n;
} walk;

static bool is_draft;

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

/* Specs may be in the same directory as the scripts. */
static bool is_script(const char *name) {
  static const char spec[] = "_spec.lua";
  const char *dot = strrchr(name, '.');
  size_t n = strlen(name), k = sizeof spec - 1;
  if (n >= k && !strcmp(name + n - k, spec)) return false;
  return dot && (!strcmp(dot, ".lua") || !strcmp(dot, ".sql"));
}

static bool is_below(const char *path, const char *dir) {
  size_t n = strlen(dir);
  return n > 1 && !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

/* People may own the scripts that they run.  A service must not be able to write what it runs: an
 * attacker who took it over once would stay. */
static bool may_own(const char *root) {
  if (geteuid() < PERSON_MIN || geteuid() > PERSON_MAX) return false;
  const struct passwd *user = getpwuid(geteuid());
  return is_below(root, conf_str("home")) || (user && is_below(root, user->pw_dir));
}

static int check_owner(const walk *w, const char *path, const struct stat *st) {
  if (st->st_mode & (S_IWGRP | S_IWOTH))
    return refuse(w, path, "refused: group or others may write it (chmod go-w)");
  if (!st->st_uid || st->st_uid != geteuid() || may_own(w->t->root[w->root])) return 0;
  return refuse(w, path, "refused: the user that runs the server owns it, so whoever breaks into "
                         "the server could change it (chown root)");
}

/* Links must not lead out of the tree; in an installed
 * host, files must not be writable by others. */
static int check_trust(const walk *w, const char *path, const struct stat *st) {
  char real[PATH_MAX];
  if (w->strict && check_owner(w, path, st)) return -1;
  if (!w->strict && !w->overriding) return 0;
  if (!realpath(path, real)) return refuse(w, path, strerror(errno));
  if (!is_below(real, w->t->root[w->root]))
    return refuse(w, path, "refused: a link out of its script directory");
  return 0;
}

/* One pattern of the setting: * and ? match within a directory, a final ** everything below. */
static bool matches(const char *pattern, const char *path) {
  char folder[PATTERN_MAX];
  size_t n = strlen(pattern);
  if (!strcmp(pattern, "**")) return true;
  if (n < 3 || strcmp(pattern + n - 3, "/**")) return !fnmatch(pattern, path, FNM_PATHNAME);
  memcpy(folder, pattern, n - 3);
  folder[n - 3] = 0;
  return strcmp(folder, path) && !fnmatch(folder, path, FNM_PATHNAME | FNM_LEADING_DIR);
}

bool tree_overridable(const char *path) {
  const char *p = conf_str("overrides");
  while (*(p += strspn(p, ", \t"))) {
    char pattern[PATTERN_MAX];
    size_t n = strcspn(p, ", \t");
    if (n < sizeof pattern) {
      memcpy(pattern, p, n);
      pattern[n] = 0;
      if (matches(pattern, path)) return true;
    }
    p += n;
  }
  return false;
}

void tree_is_draft(void) {
  is_draft = true;
}

/* The folder of api/ that a path is in, where none of that name is shipped: an area of the operator's own. */
static size_t own_area(const tree *t, const char *relative) {
  char path[PATH_MAX];
  struct stat st;
  size_t n = strlen("api/");
  if (strncmp(relative, "api/", n) != 0 || !strchr(relative + n, '/')) return 0;
  n += strcspn(relative + n, "/");
  int k = snprintf(path, sizeof path, "%s/%.*s", t->root[t->roots - 1], (int)n, relative);
  return k < PATH_MAX && lstat(path, &st) && errno == ENOENT ? n : 0;
}

static int check_scope(const walk *w, const char *path, const char *relative) {
  if (!w->overriding || tree_overridable(relative)) return 0;
  int n = snprintf(w->why, w->why_n, "%s: refused: the setting `overrides` does not allow %s (it allows: "
                   "%s; set by: %s)", path, relative, conf_str("overrides"), conf_source("overrides"));
  size_t area = own_area(w->t, relative);
  if (area && (size_t)n < w->why_n)
    snprintf(w->why + n, w->why_n - (size_t)n, ". Add \"%.*s/**\" for an area of your own", (int)area,
             relative);
  return -1;
}

static bool same_moment(const struct stat *a, const struct stat *b) {
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* One attempt.  0: read; 1: it changed meanwhile; -1 with errno. */
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
  if (check_scope(w, path, relative) || check_trust(w, path, st) || make_room(w, path)) return -1;
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

static int no_scripts(const walk *w, const char *path, const char *reason) {
  snprintf(w->why, w->why_n, "%.500s: %s (scripts, set by: %s). Set another with "
           "--scripts DIR[:DIR..], HUMAN_SCRIPTS, or \"scripts\" in the settings file", path, reason,
           conf_source("scripts"));
  return -1;
}

/* The default's directories need not exist; configured ones must. */
static int add_root(const walk *w, const char *path, bool may_miss) {
  char real[PATH_MAX];
  struct stat st;
  tree *t = w->t;
  if (stat(path, &st) || !realpath(path, real)) {
    if (may_miss && errno == ENOENT) return 0;
    return no_scripts(w, path, strerror(errno));
  }
  if (!S_ISDIR(st.st_mode)) return no_scripts(w, path, strerror(ENOTDIR));
  if (has_root(t, real)) return 0;
  if (t->roots == TREE_ROOTS_MAX) return refuse(w, path, "scripts: more than 8 directories");
  t->root[t->roots] = strdup(real);
  if (!t->root[t->roots]) return refuse(w, path, "out of memory");
  t->roots++;
  return 0;
}

static int add_roots(const walk *w) {
  const char *list = conf_str("scripts");
  bool by_default = !*conf_find("scripts")->given && strcmp(conf_source("scripts"), "set by the host") != 0;
  while (*list) {
    char path[PATH_MAX];
    size_t n = strcspn(list, ":");
    if (n >= sizeof path) return refuse(w, "scripts", "a path in it is too long");
    memcpy(path, list, n);
    path[n] = 0;
    if (n && add_root(w, path, by_default)) return -1;
    list += n + (list[n] == ':');
  }
  return 0;
}

static int read_root(walk *w, unsigned i) {
  struct stat st;
  const char *path = w->t->root[i];
  w->root = i;
  w->overriding = i + 1 < w->t->roots;
  if (stat(path, &st)) return refuse(w, path, strerror(errno));
  if (check_trust(w, path, &st)) return -1;
  return walk_directory(w, path, "", 1);
}

static int by_path(const void *a, const void *b) {
  const tree_file *x = a, *y = b;
  int order = strcmp(x->path, y->path);
  return order ? order : (x->root > y->root) - (x->root < y->root);
}

int tree_read(tree *t, char *why, size_t why_n) {
  walk w = {.t = t, .strict = !conf_in_checkout() && !is_draft, .why = why, .why_n = why_n};
  if (add_roots(&w)) return -1;
  for (unsigned i = 0; i < t->roots; i++)
    if (read_root(&w, i)) return -1;
  if (t->count) qsort(t->files, t->count, sizeof *t->files, by_path);
  return t->count ? 0 : no_scripts(&w, conf_str("scripts"), "there are no scripts");
}

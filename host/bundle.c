/* SPDX-License-Identifier: MIT
 * bundle.c -- see bundle.h: reads *.lua and *.sql below the search path, sorted by path.
 *
 * Owns: the bytes of every loaded generation.  Read by the supervisor before it forks, so workers
 * share the pages.  Never looks at a file again after bundle_load() has returned. */
#include "bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "conftable.h"
#include "host_api.h"
#include "pack.h"

enum {
  FILES_MAX = 8192,
  FILE_BYTES_MAX = 1024 * 1024,
  TOTAL_BYTES_MAX = 64 * 1024 * 1024,
  LIST_BYTES_MAX = 4 * 1024 * 1024,
  DEPTH_MAX = 16,
  GENERATIONS_MAX = 8,
  ID_DIGITS = 12
};

typedef struct {
  char *path; /* relative to its directory of the search path */
  char *bytes;
  size_t n;
} script;

typedef struct {
  int generation; /* 0: free */
  script *files;
  size_t count, cap, total;
  char id[ID_DIGITS + 1];
} bundle;

static bundle bundles[GENERATIONS_MAX];
static int last_generation;

/* What one walk over a directory of the search path needs. */
typedef struct {
  bundle *b;
  char root[PATH_MAX]; /* resolved */
  bool strict;         /* installed: refuse what another user could have written */
} walk;

static int refuse(const char *path, const char *why) {
  fprintf(stderr, "%s: %s\n", path, why);
  return -1;
}

static void bundle_free(bundle *b) {
  for (size_t i = 0; i < b->count; i++) {
    free(b->files[i].path);
    free(b->files[i].bytes);
  }
  free(b->files);
  *b = (bundle){0};
}

/* ---- reading ---- */

static bool is_script(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot && (!strcmp(dot, ".lua") || !strcmp(dot, ".sql"));
}

static bool has_path(const bundle *b, const char *path) {
  for (size_t i = 0; i < b->count; i++)
    if (!strcmp(b->files[i].path, path)) return true;
  return false;
}

/* A link may not lead out of its tree, nor may strangers be able to write, once installed. */
static int check_trust(const walk *w, const char *path, const struct stat *st) {
  char real[PATH_MAX];
  size_t n = strlen(w->root);
  if (!w->strict) return 0;
  if (st->st_mode & (S_IWGRP | S_IWOTH))
    return refuse(path, "refused: group or others may write it (chmod go-w)");
  if (!realpath(path, real)) return refuse(path, strerror(errno));
  if (strncmp(real, w->root, n) || (real[n] && real[n] != '/'))
    return refuse(path, "refused: a link out of its script directory");
  return 0;
}

static int read_bytes(const char *path, script *f) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat(fd, &st)) goto fail;
  f->n = (size_t)st.st_size;
  f->bytes = malloc(f->n + 1);
  if (!f->bytes) goto fail;
  for (size_t at = 0; at < f->n;) {
    ssize_t k = read(fd, f->bytes + at, f->n - at);
    if (k < 0) goto fail;
    if (k == 0) f->n = at; /* it was shortened meanwhile */
    at += (size_t)k;
  }
  f->bytes[f->n] = 0;
  close(fd);
  return 0;
fail:
  refuse(path, strerror(errno));
  if (fd >= 0) close(fd);
  free(f->bytes);
  return -1;
}

static int add_file(walk *w, const char *path, const char *relative, const struct stat *st) {
  bundle *b = w->b;
  if (has_path(b, relative)) return 0;
  if (st->st_size > FILE_BYTES_MAX) return refuse(path, "refused: larger than 1 MB");
  if (b->total + (size_t)st->st_size > TOTAL_BYTES_MAX)
    return refuse(path, "refused: all scripts together are larger than 64 MB");
  if (b->count == FILES_MAX) return refuse(path, "refused: more than 8192 scripts");
  if (check_trust(w, path, st)) return -1;
  if (b->count == b->cap) {
    size_t cap = b->cap ? b->cap * 2 : 256;
    script *grown = realloc(b->files, cap * sizeof *grown);
    if (!grown) return refuse(path, "out of memory");
    b->files = grown;
    b->cap = cap;
  }
  script f = {.path = strdup(relative)};
  if (!f.path) return refuse(path, "out of memory");
  if (read_bytes(path, &f)) {
    free(f.path);
    return -1;
  }
  b->files[b->count++] = f;
  b->total += f.n;
  return 0;
}

static int walk_directory(walk *w, const char *path, const char *relative, int depth);

static int visit(walk *w, const char *dir, const char *relative, const char *name, int depth) {
  char path[PATH_MAX], below[PATH_MAX];
  struct stat st;
  int n = snprintf(path, sizeof path, "%s/%s", dir, name);
  int m = snprintf(below, sizeof below, "%s%s%s", relative, *relative ? "/" : "", name);
  if (n >= PATH_MAX || m >= PATH_MAX) return refuse(dir, "a path below it is too long");
  if (stat(path, &st)) return refuse(path, strerror(errno));
  if (S_ISDIR(st.st_mode)) {
    if (depth == DEPTH_MAX) return refuse(path, "refused: nested too deep");
    if (check_trust(w, path, &st)) return -1;
    return walk_directory(w, path, below, depth + 1);
  }
  if (!S_ISREG(st.st_mode) || !is_script(name)) return 0;
  return add_file(w, path, below, &st);
}

static int walk_directory(walk *w, const char *path, const char *relative, int depth) {
  DIR *d = opendir(path);
  if (!d) return refuse(path, strerror(errno));
  int failed = 0;
  const struct dirent *e;
  while (!failed && (e = readdir(d)))
    if (e->d_name[0] != '.') failed = visit(w, path, relative, e->d_name, depth);
  closedir(d);
  return failed;
}

/* ---- the whole ---- */

static int by_path(const void *a, const void *b) {
  return strcmp(((const script *)a)->path, ((const script *)b)->path);
}

/* Over path, length and bytes of every file in order, so that no two trees give the same text. */
static int seal(bundle *b) {
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  EVP_MD_CTX *all = EVP_MD_CTX_new();
  qsort(b->files, b->count, sizeof *b->files, by_path);
  bool ok = all && EVP_DigestInit_ex(all, EVP_sha256(), NULL);
  for (size_t i = 0; ok && i < b->count; i++) {
    const script *f = &b->files[i];
    uint64_t length = f->n;
    ok = EVP_DigestUpdate(all, f->path, strlen(f->path) + 1) &&
         EVP_DigestUpdate(all, &length, sizeof length) && EVP_DigestUpdate(all, f->bytes, f->n);
  }
  ok = ok && EVP_DigestFinal_ex(all, sum, &n);
  EVP_MD_CTX_free(all);
  for (unsigned int i = 0; ok && i < ID_DIGITS / 2; i++)
    snprintf(b->id + (size_t)2 * i, 3, "%02x", sum[i]);
  return ok ? 0 : refuse("scripts", "cannot be hashed");
}

static int read_root(bundle *b, const char *path, bool may_miss, bool *found) {
  walk w = {.b = b, .strict = !conf_in_checkout()};
  struct stat st;
  if (stat(path, &st) || !realpath(path, w.root)) {
    if (may_miss && errno == ENOENT) return 0;
    fprintf(stderr, "scripts: %s: %s (set by: %s)\n", path, strerror(errno),
            conf_source("scripts"));
    return -1;
  }
  if (!S_ISDIR(st.st_mode)) return refuse(path, "scripts: not a directory");
  *found = true;
  if (check_trust(&w, path, &st)) return -1;
  return walk_directory(&w, path, "", 1);
}

static int read_roots(bundle *b) {
  const char *list = conf_str("scripts");
  bool by_default = !strcmp(conf_source("scripts"), "default"), found = false;
  while (*list) {
    char path[PATH_MAX];
    size_t n = strcspn(list, ":");
    if (n >= sizeof path) return refuse("scripts", "a path in it is too long");
    memcpy(path, list, n);
    path[n] = 0;
    if (n && read_root(b, path, by_default, &found)) return -1;
    list += n + (list[n] == ':');
  }
  if (found && b->count) return 0;
  fprintf(stderr, "scripts: there are no scripts in %s\n", conf_str("scripts"));
  return -1;
}

int bundle_load(void) {
  bundle *b = NULL;
  for (int i = 0; i < GENERATIONS_MAX && !b; i++)
    if (!bundles[i].generation) b = &bundles[i];
  if (!b) return refuse("scripts", "too many generations are in use");
  if (read_roots(b) || seal(b)) {
    bundle_free(b);
    return -1;
  }
  return b->generation = ++last_generation;
}

static bundle *bundle_find(int generation) {
  for (int i = 0; generation > 0 && i < GENERATIONS_MAX; i++)
    if (bundles[i].generation == generation) return &bundles[i];
  return NULL;
}

void bundle_drop(int generation) {
  bundle *b = bundle_find(generation);
  if (b) bundle_free(b);
}

/* ---- for Lua ---- */

int host_bundle_list(int generation, host_str *out) {
  static buf list = {.max = LIST_BYTES_MAX};
  const bundle *b = bundle_find(generation);
  if (!b) return HOST_EGONE;
  list.n = 0;
  if (pack_array(&list, (uint32_t)b->count)) return HOST_EFULL;
  for (size_t i = 0; i < b->count; i++)
    if (pack_z(&list, b->files[i].path)) return HOST_EFULL;
  *out = (host_str){list.p, (uint32_t)list.n};
  return (int)b->count;
}

int host_bundle_file(int generation, host_str *path, host_str *out) {
  const bundle *b = bundle_find(generation);
  if (!b) return HOST_EGONE;
  size_t low = 0, high = b->count;
  while (low < high) {
    size_t mid = (low + high) / 2;
    const script *f = &b->files[mid];
    int order = strncmp(path->p, f->path, path->n);
    if (!order && f->path[path->n]) order = -1;
    if (!order) {
      *out = (host_str){f->bytes, (uint32_t)f->n};
      return 0;
    }
    if (order < 0) high = mid;
    else low = mid + 1;
  }
  return HOST_EINVAL;
}

int host_bundle_id(int generation, host_str *out) {
  const bundle *b = bundle_find(generation);
  if (!b) return HOST_EGONE;
  *out = (host_str){b->id, ID_DIGITS};
  return 0;
}

/* SPDX-License-Identifier: MIT
 * draft.c -- see draft.h.  Owns: the temporary home. */
#include "cli/draft.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/conftable.h"
#include "server/tree.h"

static char home[PATH_MAX];

static int refuse(const char *path, const char *why) {
  fprintf(stderr, "%s: %s\n", path, why);
  return -1;
}

static bool is_directory(const char *path) {
  struct stat st;
  return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static bool is_below(const char *path, const char *dir) {
  size_t n = strlen(dir);
  return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

/* Calls fn(directory, ctx) for each directory of the search path; true if one of the calls is. */
static bool any_root(bool (*fn)(const char *dir, const void *ctx), const void *ctx) {
  char dir[PATH_MAX], real[PATH_MAX];
  for (const char *p = conf_str("scripts"); *p; p += *p == ':') {
    size_t n = strcspn(p, ":");
    snprintf(dir, sizeof dir, "%.*s", (int)n, p);
    if (n && realpath(dir, real) && fn(real, ctx)) return true;
    p += n;
  }
  return false;
}

static bool holds(const char *dir, const void *path) {
  return is_below(path, dir);
}

static const char *shipped(void) {
  const char *list = conf_str("scripts"), *last = strrchr(list, ':');
  return last ? last + 1 : list;
}

static bool is_area(const char *name) {
  char path[PATH_MAX];
  return *name && *name != '.' && !strchr(name, '/') &&
         snprintf(path, sizeof path, "%s/%s", shipped(), name) < PATH_MAX && is_directory(path);
}

/* Scripts are in areas: directories of the shipped tree, such as agent or api. */
static bool has_area(const char *dir) {
  DIR *d = opendir(dir);
  bool found = false;
  const struct dirent *e;
  while (d && !found && (e = readdir(d))) {
    char path[PATH_MAX];
    found = is_area(e->d_name) && snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < PATH_MAX &&
            is_directory(path);
  }
  if (d) closedir(d);
  return found;
}

/* Scripts are never at the top; other files beside specs are their helpers. */
static bool has_loose_files(const char *dir) {
  DIR *d = opendir(dir);
  bool found = false;
  const struct dirent *e;
  while (d && !found && (e = readdir(d))) {
    size_t n = strlen(e->d_name);
    bool lua = n > 4 && !strcmp(e->d_name + n - 4, ".lua");
    found = lua && (n < 9 || strcmp(e->d_name + n - 9, "_spec.lua") != 0);
  }
  if (d) closedir(d);
  return found;
}

/* The nearest directory upwards that contains areas and is not one itself (api/agent is both). */
static bool find_root(char *path) {
  char first[PATH_MAX];
  bool directory = is_directory(path);
  memcpy(first, path, PATH_MAX);
  for (char *slash; *path; *slash = 0) {
    slash = strrchr(path, '/');
    if (!slash) break;
    if (has_area(path) && !is_area(slash + 1)) return true;
  }
  memcpy(path, first, PATH_MAX);
  return directory && !has_loose_files(path);
}

static int put_before_shipped(const char *root) {
  char list[2 * PATH_MAX];
  if (strchr(root, ':')) return refuse(root, "the path of a script directory must not have a ':'");
  tree_is_draft();
  snprintf(list, sizeof list, "%s:%s", root, shipped());
  return conf_set("scripts", list);
}

int draft_check(const char *path) {
  char real[PATH_MAX];
  if (!realpath(path, real)) return refuse(path, strerror(errno));
  if (!is_directory(real)) return refuse(path, "not a directory");
  return any_root(holds, real) ? 0 : put_before_shipped(real);
}

int draft_test(const char *path, bool *draft) {
  char real[PATH_MAX], checkout[PATH_MAX];
  if (!realpath(path ? path : ".", real)) return refuse(path, strerror(errno));
  *draft = !conf_checkout(checkout, sizeof checkout) || !is_below(real, checkout);
  if (!*draft) return 0;
  if (!any_root(holds, real) && find_root(real) && put_before_shipped(real)) return -1;
  return conf_set("database.url", "");
}

/* ---- a database for one run ---- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

int draft_home(void) {
  const char *tmp = getenv("TMPDIR");
  snprintf(home, sizeof home, "%s/human-test-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
  if (!mkdtemp(home)) {
    int failed = errno;
    refuse(home, strerror(failed));
    *home = 0;
    return -1;
  }
  if (chmod(home, 0711)) return refuse(home, strerror(errno)); /* as root, another user runs it */
  return conf_set("home", home);
}

void draft_end(void) {
  if (*home) nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  *home = 0;
}

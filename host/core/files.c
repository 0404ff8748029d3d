/* SPDX-License-Identifier: MIT
 * files.c -- see files.h.  All operations use single names relative to descriptors opened by beneath.c, so
 * the file that was checked is the one that is read, written or removed.
 *
 * Owns: nothing.  Must never: follow a link, leave a half-written file under a name, or touch anything shared
 * with the loop: it runs in the thread pool. */
#include "core/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/beneath.h"
#include "core/fds.h"
#include "core/pack.h"
#include "host_api.h"

enum { PIECE = 65536, DEPTH_MAX = 64, ROUNDS_MAX = 64, ASIDE = 40, FORGET_S = 3600 };
static const char PREFIX[] = ".human-", SUFFIX[] = ".tmp";

static int reason(int why) {
  switch (why) {
    case ENOENT: return HOST_FILE_NONE;
    case EEXIST: return HOST_FILE_EXISTS;
    case EISDIR: return HOST_FILE_DIRECTORY;
    case ENOTDIR: return HOST_FILE_NO_DIRECTORY;
    case ENOTEMPTY: return HOST_FILE_NOT_EMPTY;
    case ELOOP: case EXDEV: return HOST_FILE_LINK;
    case EFBIG: return HOST_FILE_LARGE;
    case ENOSPC: case EDQUOT: return HOST_FILE_FULL;
    case EACCES: case EPERM: case EROFS: return HOST_FILE_FORBIDDEN;
    default: return HOST_FILE_FAILED;
  }
}

/* Closes fd if it is open; errno survives. */
static void shut(int fd) {
  int why = errno;
  if (fd >= 0) close(fd);
  errno = why;
}

/* ---- names of unfinished files ---- */

static void aside_name(char name[ASIDE]) {
  uint64_t chance = 0;
  if (getrandom(&chance, sizeof chance, 0) < 0) chance = (uint64_t)(uintptr_t)name ^ (uint64_t)getpid();
  snprintf(name, ASIDE, "%s%016llx%s", PREFIX, (unsigned long long)chance, SUFFIX);
}

static bool is_aside(const char *name) {
  size_t n = strlen(name);
  return n == sizeof PREFIX + sizeof SUFFIX + 14 && !strncmp(name, PREFIX, sizeof PREFIX - 1) &&
         !strcmp(name + n - (sizeof SUFFIX - 1), SUFFIX);
}

/* ---- reading ---- */

static int read_all(int fd, size_t max, buf *out) {
  for (;;) {
    size_t want = max + 1 - out->n < PIECE ? max + 1 - out->n : PIECE;
    char *to = buf_reserve(out, want);
    if (!to) return ENOMEM;
    ssize_t n = read(fd, to, want);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : 0;
    out->n += (size_t)n;
    if (out->n > max) return EFBIG;
  }
}

static int do_read(int root, files_job *j) {
  struct stat st;
  int fd = beneath_open(root, j->name, O_RDONLY, false);
  if (fd < 0) return errno;
  int why = fstat(fd, &st) ? errno : S_ISDIR(st.st_mode) ? EISDIR : !S_ISREG(st.st_mode) ? EINVAL : 0;
  if (!why && (uint64_t)st.st_size > j->max) why = EFBIG;
  if (!why) why = read_all(fd, j->max, &j->out);
  close(fd);
  return why;
}

static const char *kind_of(mode_t mode) {
  return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" : S_ISLNK(mode) ? "link" : "other";
}

static int pack_facts(buf *b, const char *name, const struct stat *st) {
  int e = pack_map(b, name ? 4 : 3);
  if (name) e |= pack_z(b, "name") | pack_z(b, name);
  e |= pack_z(b, "kind") | pack_z(b, kind_of(st->st_mode));
  e |= pack_z(b, "size") | pack_num(b, S_ISREG(st->st_mode) ? (double)st->st_size : 0);
  e |= pack_z(b, "changed_at") | pack_num(b, (double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec * 1e-9);
  return e ? ENOMEM : 0;
}

static int do_stat(int root, files_job *j) {
  struct stat st;
  int fd = beneath_open(root, j->name, O_PATH | O_NOFOLLOW, false);
  if (fd < 0) return errno;
  int why = fstat(fd, &st) ? errno : pack_facts(&j->out, NULL, &st);
  close(fd);
  return why;
}

static int remove_tree(int dir, const char *name, int depth);

/* Removes an unfinished file that a killed process left behind. */
static void forget(int dir, const char *name) {
  struct stat st;
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || time(NULL) - st.st_mtim.tv_sec < FORGET_S) return;
  if (S_ISDIR(st.st_mode)) remove_tree(dir, name, 0);
  else unlinkat(dir, name, 0);
}

static int list_entry(int dir, const char *name, buf *rows, uint32_t *count, size_t max) {
  struct stat st;
  if (!strcmp(name, ".") || !strcmp(name, "..")) return 0;
  if (is_aside(name)) {
    forget(dir, name);
    return 0;
  }
  if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) return errno == ENOENT ? 0 : errno;
  return ++*count > max ? EFBIG : pack_facts(rows, name, &st);
}

static int list_all(DIR *d, int fd, files_job *j) {
  buf rows = {0};
  uint32_t count = 0;
  int why = 0;
  for (struct dirent *e; !why && (errno = 0, e = readdir(d));)
    why = list_entry(fd, e->d_name, &rows, &count, j->max);
  if (!why) why = errno;
  if (!why && (pack_array(&j->out, count) || (rows.n && buf_add(&j->out, rows.p, rows.n)))) why = ENOMEM;
  buf_free(&rows);
  return why;
}

static int do_list(int root, files_job *j) {
  int fd = beneath_open(root, j->name, O_RDONLY | O_DIRECTORY, false);
  DIR *d = fd < 0 ? NULL : fdopendir(fd);
  if (!d) {
    shut(fd);
    return errno;
  }
  int why = list_all(d, fd, j);
  closedir(d);
  return why;
}

/* ---- writing ---- */

static int put_in_place(int from, const char *name, int dir, const char *last, bool replaces) {
  int why = replaces ? (renameat(from, name, dir, last) ? errno : 0)
                     : beneath_rename_new(from, name, dir, last);
  return why ? why : beneath_sync(dir);
}

static int write_new(int dir, const char *name, const char *p, size_t n) {
  int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int why = fds_write(fd, p, n);
  if (!why && fsync(fd)) why = errno;
  close(fd);
  return why;
}

static int write_file(int dir, const char *last, const char *p, size_t n, bool replaces) {
  char name[ASIDE];
  aside_name(name);
  int why = write_new(dir, name, p, n);
  if (!why) why = put_in_place(dir, name, dir, last, replaces);
  if (why) unlinkat(dir, name, 0);
  return why;
}

static int do_write(int root, files_job *j) {
  const char *last;
  int dir = beneath_parent(root, j->name, &last);
  if (dir < 0) return errno;
  int why = write_file(dir, last, j->p, j->n, !(j->flags & HOST_FILE_NEW));
  close(dir);
  return why;
}

static int do_mkdir(int root, files_job *j) {
  int dir = beneath_make(root, j->name, strlen(j->name), 0700);
  if (dir < 0) return errno == ENOTDIR ? EEXIST : errno;
  int why = beneath_sync(dir);
  close(dir);
  return why;
}

/* ---- removing ---- */

static int empty(DIR *d, int fd, int depth) {
  int why = 0;
  for (struct dirent *e; !why && (e = readdir(d));) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    if (!unlinkat(fd, e->d_name, 0)) continue;
    if (errno == EISDIR || errno == EPERM) why = remove_tree(fd, e->d_name, depth + 1);
    else if (errno != ENOENT) why = errno;
  }
  return why;
}

static int remove_tree(int dir, const char *name, int depth) {
  int fd = depth > DEPTH_MAX ? -1 : openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *d = fd < 0 ? NULL : fdopendir(fd);
  int why = 0;
  if (!d) {
    shut(fd);
    return depth > DEPTH_MAX ? EFBIG : errno;
  }
  for (int i = 0; !why && i < ROUNDS_MAX; i++) { /* others may still create files there */
    why = empty(d, fd, depth);
    if (!why && !unlinkat(dir, name, AT_REMOVEDIR)) break;
    if (!why && errno != ENOTEMPTY) why = errno;
    rewinddir(d);
  }
  closedir(d);
  return why;
}

/* Renames the tree first, so that it disappears at once, then deletes it. */
static int remove_directory(int dir, const char *last, bool all) {
  char name[ASIDE];
  if (!all) return unlinkat(dir, last, AT_REMOVEDIR) ? errno : beneath_sync(dir);
  aside_name(name);
  int why = put_in_place(dir, last, dir, name, false);
  return why ? why : remove_tree(dir, name, 0);
}

static int do_remove(int root, files_job *j) {
  const char *last;
  int dir = beneath_parent(root, j->name, &last);
  if (dir < 0) return errno;
  int why = unlinkat(dir, last, 0) ? errno : beneath_sync(dir);
  if (why == EISDIR || why == EPERM) why = remove_directory(dir, last, j->flags & HOST_FILE_ALL);
  close(dir);
  return why;
}

/* ---- moving ---- */

static int do_move(int root, files_job *j) {
  const char *from, *to;
  int to_root = beneath_root(j->to_root);
  int a = to_root < 0 ? -1 : beneath_parent(root, j->name, &from);
  int b = a < 0 ? -1 : beneath_parent(to_root, j->to, &to);
  int why = b < 0 ? errno : put_in_place(a, from, b, to, j->flags & HOST_FILE_REPLACE);
  if (!why) why = beneath_sync(a);
  shut(b);
  shut(a);
  shut(to_root);
  return why == EXDEV && b >= 0 ? EIO : why;
}

/* ---- a tree, whole or not at all ---- */

static int add_entry(int dir, const char *name, const pack_value *bytes) {
  const char *slash = strrchr(name, '/');
  size_t n = bytes->type != PACK_STR ? strlen(name) : slash ? (size_t)(slash - name) : 0;
  int parent = beneath_make(dir, name, n, 0700);
  if (parent < 0) return errno;
  int why = bytes->type == PACK_STR ? write_new(parent, slash ? slash + 1 : name, bytes->s, bytes->n) : 0;
  close(parent);
  return why;
}

/* The packed list {name, bytes, name, false, ..}: bytes for a file, false for a directory. */
static int add_entries(int dir, const files_job *j) {
  pack_reader r = {(const unsigned char *)j->p, (const unsigned char *)j->p + j->n};
  pack_value t, v, bytes;
  char name[BENEATH_NAME + 1];
  if (pack_read(&r, &t) != PACK_TABLE || t.hash) return EINVAL;
  if (t.zero_based) t.array -= (uint32_t)(pack_skip(&r, 1) == 0);
  for (uint32_t i = 0; i + 1 < t.array; i += 2) {
    int type = pack_read(&r, &v);
    if (type == PACK_NIL) break;
    if (type != PACK_STR || pack_read(&r, &bytes) < 0 || !beneath_ok(v.s, v.n)) return EINVAL;
    memcpy(name, v.s, v.n);
    name[v.n] = 0;
    int why = add_entry(dir, name, &bytes);
    if (why) return why;
  }
  return 0;
}

static int do_tree(int root, files_job *j) {
  char name[ASIDE];
  const char *last;
  struct stat st;
  int dir = beneath_parent(root, j->name, &last);
  if (dir < 0) return errno;
  aside_name(name);
  int why = fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0 ? EEXIST : mkdirat(dir, name, 0700) ? errno : 0;
  if (!why) {
    int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    why = fd < 0 ? errno : add_entries(fd, j);
    if (fd >= 0) close(fd);
    if (!why) why = put_in_place(dir, name, dir, last, false);
    if (why) remove_tree(dir, name, 0);
  }
  close(dir);
  return why;
}

/* ---- releases of the program: directories, and a link to the one in service ---- */

static int do_running(int root, files_job *j) {
  char exe[PATH_MAX], top[PATH_MAX];
  (void)root;
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  if (n < 0 || !realpath(j->root, top)) return errno;
  exe[n] = 0;
  size_t at = strlen(top);
  if (strncmp(exe, top, at) || exe[at] != '/') return ENOENT;
  return buf_str(&j->out, exe + at + 1) < 0 ? ENOMEM : 0;
}

/* The link is made aside and renamed, so that its name leads to the old target or to the new one. */
static int point(int root, const char *link, const char *target) {
  char name[ASIDE];
  aside_name(name);
  if (symlinkat(target, root, name)) return errno;
  int why = renameat(root, name, root, link) ? errno : 0;
  if (why) unlinkat(root, name, 0);
  return why;
}

static int allow_program(int root, const char *release) {
  char name[BENEATH_NAME + sizeof "/human"];
  snprintf(name, sizeof name, "%s/human", release);
  int fd = beneath_open(root, name, O_RDONLY, false);
  if (fd < 0) return errno;
  int why = fchmod(fd, 0755) ? errno : 0;
  close(fd);
  return why;
}

/* All of the release is on the disk before a name leads to it. */
static int do_switch(int root, files_job *j) {
  char old[PATH_MAX];
  int why = allow_program(root, j->name);
  int fd = why ? -1 : open(j->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (!why && (fd < 0 || syncfs(fd))) why = errno;
  ssize_t n = readlinkat(root, "current", old, sizeof old - 1);
  if (!why && n > 0) {
    old[n] = 0;
    if (strcmp(old, j->name)) why = point(root, "previous", old);
  }
  if (!why) why = point(root, "current", j->name);
  if (!why && fsync(fd)) why = errno;
  shut(fd);
  return why;
}

int files_do(files_job *j) {
  static int (*const all[])(int, files_job *) = {
      [HOST_FILE_READ] = do_read, [HOST_FILE_WRITE] = do_write, [HOST_FILE_LIST] = do_list,
      [HOST_FILE_STAT] = do_stat, [HOST_FILE_REMOVE] = do_remove, [HOST_FILE_MKDIR] = do_mkdir,
      [HOST_FILE_MOVE] = do_move, [HOST_FILE_TREE] = do_tree,
      [HOST_FILE_RUNNING] = do_running, [HOST_FILE_SWITCH] = do_switch};
  bool makes = j->what == HOST_FILE_WRITE || j->what == HOST_FILE_MKDIR || j->what == HOST_FILE_TREE;
  if (makes && mkdir(j->root, 0700) && errno != EEXIST) return reason(errno);
  if (j->what == HOST_FILE_MOVE && mkdir(j->to_root, 0700) && errno != EEXIST) return reason(errno);
  int root = beneath_root(j->root);
  int why = root < 0 ? errno : all[j->what](root, j);
  if (root >= 0) close(root);
  if (!why) return HOST_FILE_OK;
  buf_free(&j->out);
  int result = reason(why);
  if (result == HOST_FILE_FAILED) buf_str(&j->out, strerror(why));
  return result;
}

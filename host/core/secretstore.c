/* SPDX-License-Identifier: MIT
 * secretstore.c -- see secretstore.h.  The file has lines "NAME sealed:1:..\n", sorted by name; each use
 * checks it, and reads it when it has changed, so a new secret takes effect at once in every process.
 *
 * Owns: the sealed text as last read, and the last opened value.  Must never write a
 * value anywhere, nor keep one longer than the caller needs it. */
#include "core/secretstore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/newfile.h"
#include "core/seal.h"
#include "core/wholefile.h"

enum { FILE_MAX = 32 << 20 };

static struct {
  buf text;                   /* the file's content */
  struct stat seen;
  bool told;                  /* a failure to open a secret was logged */
  buf value;
} s = {.text = {.max = FILE_MAX}, .value = {.max = SECRETSTORE_VALUE_MAX + 64}};

typedef struct { char *p; size_t n; } reason;
typedef struct { const char *name, *sealed; size_t name_n, sealed_n; } line;

static int fail(reason why, const char *what, const char *because) {
  snprintf(why.p, why.n, "%s: %s", what, because);
  return -1;
}

static int file_path(char *out, const char *name, reason why) {
  if (snprintf(out, PATH_MAX, "%s/%s", conf_str("home"), name) < PATH_MAX) return 0;
  return fail(why, "home", "the path is too long");
}

bool secretstore_is_name(const char *name) {
  size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
  return n > 0 && n < SECRETSTORE_NAME && !name[n];
}

/* ---- the file ---- */

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* No file: no secrets. */
static int read_file(reason why) {
  char path[PATH_MAX];
  struct stat st;
  if (file_path(path, "secrets.sealed", why)) return -1;
  if (stat(path, &st)) {
    s.text.n = 0;
    memset(&s.seen, 0, sizeof s.seen);
    return errno == ENOENT || errno == ENOTDIR ? 0 : fail(why, path, strerror(errno));
  }
  if (is_same(&st, &s.seen)) return 0;
  s.text.n = 0;
  s.told = false;
  memset(&s.seen, 0, sizeof s.seen);
  if (wholefile_read(path, &s.text)) return fail(why, path, strerror(errno));
  s.seen = st;
  return 0;
}

static bool next_line(const char **at, line *l) {
  if (!s.text.p) return false;
  const char *end = s.text.p + s.text.n;
  while (*at < end) {
    const char *from = *at, *nl = memchr(from, '\n', (size_t)(end - from)), *stop = nl ? nl : end;
    const char *space = memchr(from, ' ', (size_t)(stop - from));
    *at = nl ? nl + 1 : end;
    if (!space) continue;
    *l = (line){from, space + 1, (size_t)(space - from), (size_t)(stop - space - 1)};
    return true;
  }
  return false;
}

static int order(const line *l, const char *name) {
  size_t n = strlen(name);
  int c = memcmp(l->name, name, l->name_n < n ? l->name_n : n);
  return c ? c : l->name_n < n ? -1 : l->name_n > n;
}

static bool find(const char *name, line *l) {
  const char *at = s.text.p;
  while (next_line(&at, l))
    if (!order(l, name)) return true;
  return false;
}

/* ---- values ---- */

void secretstore_forget(void) {
  if (s.value.p) explicit_bzero(s.value.p, s.value.cap);
  s.value.n = 0;
}

static int open_line(const line *l) {
  host_str sealed = {l->sealed, (uint32_t)l->sealed_n}, name = {l->name, (uint32_t)l->name_n};
  secretstore_forget();
  if (!buf_reserve(&s.value, SECRETSTORE_VALUE_MAX + 64)) return HOST_EFULL; /* it never moves */
  int e = seal_open(SEAL_SECRET, &sealed, &name, &s.value);
  return e ? e : buf_add(&s.value, "", 1) ? HOST_EFULL : 0;
}

static const char *state_of(int e) {
  switch (e) {
  case 0: return "ok";
  case HOST_EGONE: return "sealed with a key that is not this home's";
  case HOST_EDENIED: return "altered";
  default: return "not a sealed text";
  }
}

const char *secretstore_value(const char *name) {
  char why[PATH_MAX + 64];
  line l;
  int e = read_file((reason){why, sizeof why});
  if (e) {
    if (!s.told) log_fmt(LOG_ERROR, "secrets: %s", why);
    s.told = true;
    return NULL;
  }
  if (!find(name, &l)) return NULL;
  if (!(e = open_line(&l))) return s.value.p;
  if (!s.told) log_fmt(LOG_ERROR, "secret %s cannot be opened: %s", name, state_of(e));
  s.told = true;
  return NULL;
}

int secretstore_each(void (*fn)(const char *name, const char *state), char *why, size_t why_n) {
  line l;
  if (read_file((reason){why, why_n})) return -1;
  for (const char *at = s.text.p; next_line(&at, &l);) {
    char name[SECRETSTORE_NAME + 1];
    snprintf(name, sizeof name, "%.*s", (int)l.name_n, l.name);
    fn(name, state_of(open_line(&l)));
  }
  secretstore_forget();
  return 0;
}

/* ---- changing ---- */

/* One writer at a time: each sees what the previous one wrote. */
static int lock(reason why) {
  char home[PATH_MAX], path[PATH_MAX];
  snprintf(home, sizeof home, "%s", conf_str("home"));
  if (newfile_directories(home, geteuid() ? 0700 : 0711)) return fail(why, home, strerror(errno));
  if (file_path(path, "secrets.lock", why)) return -1;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(why, path, strerror(errno));
  newfile_give(fd, path);
  while (flock(fd, LOCK_EX))
    if (errno != EINTR) return close(fd), fail(why, path, strerror(errno));
  return fd;
}

static int write_file(const buf *text, reason why) {
  char path[PATH_MAX];
  if (file_path(path, "secrets.sealed", why)) return -1;
  return wholefile_replace(path, text->p, text->n) ? fail(why, path, strerror(errno)) : 0;
}

static int add_sealed(buf *out, const char *name, const char *value, size_t n, reason why) {
  host_str text = {value, (uint32_t)n}, context = {name, (uint32_t)strlen(name)};
  if (buf_fmt(out, "%s ", name)) return fail(why, "secrets", "too many");
  int e = seal_close(SEAL_SECRET, &text, &context, out);
  if (e == HOST_EDOWN) return snprintf(why.p, why.n, "%s", seal_why()), -1;
  return e || buf_add(out, "\n", 1) ? fail(why, name, "does not fit") : 0;
}

/* Copies all lines, with `name` replaced or, without a
 * value, left out.  Returns how many had it; or -1. */
static int with(buf *out, const char *name, const char *value, size_t n, reason why) {
  line l;
  int had = 0, count = 0;
  bool placed = !value;
  for (const char *at = s.text.p; next_line(&at, &l); count++) {
    int c = order(&l, name);
    had += !c;
    if (!placed && c >= 0 && add_sealed(out, name, value, n, why)) return -1;
    placed = placed || c >= 0;
    size_t whole = (size_t)(l.sealed + l.sealed_n - l.name);
    if (c && (buf_add(out, l.name, whole) || buf_add(out, "\n", 1))) return -1;
  }
  if (!placed && add_sealed(out, name, value, n, why)) return -1;
  if (value && !had && count >= SECRETSTORE_MAX) return fail(why, "secrets", "there are 200 already");
  return had;
}

static int change(const char *name, const char *value, size_t n, reason why) {
  buf text = {.max = FILE_MAX};
  int fd = lock(why);
  if (fd < 0) return -1;
  int had = read_file(why) ? -1 : with(&text, name, value, n, why);
  if (had >= 0 && (value || had) && write_file(&text, why)) had = -1;
  buf_free(&text);
  close(fd);
  return had;
}

int secretstore_set(const char *name, const char *value, size_t n, char *why, size_t why_n) {
  return change(name, value, n, (reason){why, why_n}) < 0 ? -1 : 0;
}

int secretstore_remove(const char *name, char *why, size_t why_n) {
  int had = change(name, NULL, 0, (reason){why, why_n});
  return had < 0 ? -1 : !had;
}

int secretstore_reseal(char *why_text, size_t why_n) {
  reason why = {why_text, why_n};
  buf text = {.max = FILE_MAX};
  line l;
  int fd = lock(why), failed = fd < 0 || read_file(why) ? -1 : 0;
  for (const char *at = s.text.p; !failed && next_line(&at, &l);) {
    char name[SECRETSTORE_NAME + 1];
    snprintf(name, sizeof name, "%.*s", (int)l.name_n, l.name);
    int e = open_line(&l);
    failed = e ? fail(why, name, state_of(e)) : add_sealed(&text, name, s.value.p, s.value.n - 1, why);
  }
  if (!failed && text.n) failed = write_file(&text, why);
  secretstore_forget();
  buf_free(&text);
  if (fd >= 0) close(fd);
  return failed;
}

/* SPDX-License-Identifier: MIT
 * sealkeys.c -- see sealkeys.h.  The keys are in the setting seal.key, which several hosts may share,
 * or else in HOME/seal.key, created by the first process that needs it.  Each key has 64
 * hexadecimal digits; the first one seals.  The file is checked once a second, and read when it has
 * changed.
 *
 * Owns the keys of this process.  Must never write one anywhere but to that file. */
#include "core/sealkeys.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/conf.h"
#include "core/wholefile.h"

enum { DIGITS = 2 * SEALKEY_BYTES, LINE = DIGITS + 1, FILE_MAX = 4096 };

static struct {
  sealkey key[SEALKEYS_MAX];
  int count;
  struct stat seen;
  time_t looked;
} keys;

typedef struct { char *p; size_t n; } reason;

static int fail(reason why, const char *what, const char *reason_text) {
  snprintf(why.p, why.n, "%s: %s", what, reason_text);
  return -1;
}

/* ---- parsing ---- */

static int digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
       : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int read_key(sealkey *key, const char *text) {
  static const char prefix[] = "human seal key";
  unsigned char hash[SHA256_DIGEST_LENGTH], named[sizeof prefix + SEALKEY_BYTES];
  for (int i = 0; i < SEALKEY_BYTES; i++) {
    int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return -1;
    key->bytes[i] = (unsigned char)(high << 4 | low);
  }
  memcpy(named, prefix, sizeof prefix);
  memcpy(named + sizeof prefix, key->bytes, SEALKEY_BYTES);
  SHA256(named, sizeof named, hash);
  explicit_bzero(named, sizeof named);
  for (int i = 0; i < SEALKEY_ID / 2; i++) snprintf(key->id + 2 * i, 3, "%02x", hash[i]);
  return 0;
}

static bool is_space(char c) {
  return c == ',' || isspace((unsigned char)c);
}

/* Returns the number of keys; -1: malformed. */
static int read_keys(sealkey *out, const char *p, size_t n) {
  const char *end = p + n;
  int count = 0;
  for (;;) {
    while (p < end && is_space(*p)) p++;
    if (p == end) return count;
    const char *word = p;
    while (p < end && !is_space(*p)) p++;
    if (count == SEALKEYS_MAX || p - word != DIGITS || read_key(&out[count++], word)) return -1;
  }
}

static int take(const char *text, size_t n, const char *where, reason why) {
  sealkey read[SEALKEYS_MAX];
  int count = read_keys(read, text, n);
  if (count > 0) memcpy(keys.key, read, sizeof read), keys.count = count;
  explicit_bzero(read, sizeof read);
  if (count > 0) return 0;
  return fail(why, where, "must be keys of 64 hexadecimal digits (openssl rand -hex 32), at most 16");
}

/* ---- the setting or the file ---- */

static int file_path(char *out, reason why) {
  if (snprintf(out, PATH_MAX, "%s/seal.key", conf_str("home")) < PATH_MAX) return 0;
  return fail(why, "home", "the path is too long");
}

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_file(const char *path, reason why) {
  struct stat st;
  buf text = {.max = FILE_MAX};
  if (stat(path, &st)) return fail(why, path, strerror(errno));
  if (keys.count && is_same(&st, &keys.seen)) return 0;
  if (st.st_mode & 077) return fail(why, path, "can be read by others: chmod 600");
  int failed = wholefile_read(path, &text) ? fail(why, path, strerror(errno))
                                           : take(text.n ? text.p : "", text.n, path, why);
  if (!failed) keys.seen = st;
  if (text.p) explicit_bzero(text.p, text.n);
  buf_free(&text);
  return failed;
}

/* Draws a random key and writes it as a line of text. */
static int draw(char *line) {
  unsigned char bytes[SEALKEY_BYTES];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) return -1;
  for (int i = 0; i < SEALKEY_BYTES; i++) snprintf(line + 2 * i, 3, "%02x", bytes[i]);
  explicit_bzero(bytes, sizeof bytes);
  line[DIGITS] = '\n';
  return 0;
}

/* Several processes may try at once; one of them creates it. */
static int make_file(const char *path, reason why) {
  char line[LINE];
  if (draw(line)) return fail(why, path, "no random bytes");
  int failed = wholefile_create(path, line, LINE) && errno != EEXIST ? errno : 0;
  explicit_bzero(line, sizeof line);
  return failed ? fail(why, path, strerror(failed)) : 0;
}

static int load_file(bool make, reason why) {
  char path[PATH_MAX];
  if (file_path(path, why)) return -1;
  bool absent = access(path, F_OK) && errno == ENOENT;
  if (absent && make && !keys.count && make_file(path, why)) return -1;
  return read_file(path, why);
}

/* The setting does not change while the process runs. */
static int load(bool make, reason why) {
  const char *given = conf_str("seal.key");
  struct timespec now;
  if (*given) return keys.count ? 0 : take(given, strlen(given), "seal.key", why);
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  if (keys.count && keys.looked == now.tv_sec) return 0;
  keys.looked = now.tv_sec;
  return load_file(make, why) && !keys.count ? -1 : 0;
}

/* ---- for seal.c ---- */

const sealkey *sealkeys_current(char *why, size_t n) {
  return load(true, (reason){why, n}) ? NULL : &keys.key[0];
}

static const sealkey *find(const char *id) {
  char why[256];
  if (load(false, (reason){why, sizeof why})) return NULL;
  for (int i = 0; i < keys.count; i++)
    if (!strcmp(keys.key[i].id, id)) return &keys.key[i];
  return NULL;
}

/* Reads the file again if needed: another process may have just made a new key. */
const sealkey *sealkeys_find(const char *id) {
  const sealkey *key = find(id);
  keys.looked = key ? keys.looked : 0;
  return key ? key : find(id);
}

int sealkeys_rotate(char *why_text, size_t n) {
  char path[PATH_MAX], line[LINE];
  reason why = {why_text, n};
  buf text = {.max = FILE_MAX};
  if (*conf_str("seal.key"))
    return fail(why, conf_source("seal.key"), "holds the keys: put a new one before those that are there");
  if (!sealkeys_current(why.p, why.n) || file_path(path, why)) return -1;
  if (keys.count == SEALKEYS_MAX) return fail(why, path, "is full: remove the oldest key");
  int failed = draw(line) || buf_add(&text, line, LINE) || wholefile_read(path, &text) ||
               wholefile_replace(path, text.p, text.n) ? fail(why, path, strerror(errno)) : 0;
  explicit_bzero(line, sizeof line);
  if (text.p) explicit_bzero(text.p, text.n);
  buf_free(&text);
  keys.looked = 0;
  return failed;
}

/* SPDX-License-Identifier: MIT
 * bundle.c -- see bundle.h.  Head, index of files, index of roots, then their texts, and finally
 * the settings, in one memfd.  The index is sorted by path, then by the directory's place in the
 * search path: the first file of a path is in force, the next is what it overrides.
 *
 * Owns: the mappings, and the descriptors of bundles it loaded itself.  Trusts a mapping only if
 * this process wrote it or bundle_attach() has checked it. */
#include "server/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/conffile.h"
#include "core/pack.h"
#include "host_api.h"
#include "server/tree.h"

enum { LIST_BYTES_MAX = 4 * 1024 * 1024, GENERATIONS_MAX = 8, ID_DIGITS = 12,
       SIZE_MAX_BYTES = TREE_BYTES_MAX + 64 * 1024 * 1024 };

static const char MAGIC[8] = "human 2\n";
static const int SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

typedef struct { uint32_t at, n; } span; /* offset and length; paths also end with NUL */
typedef struct { span path, text; uint32_t root; } entry;
typedef struct {
  char magic[sizeof MAGIC], id[ID_DIGITS + 4];
  uint32_t size, files, roots;
  span settings;
  uint32_t settings_sum[2];
} head;

typedef struct {
  int generation; /* 0: free */
  int fd;
  pid_t loader;   /* the process that owns `fd`; a child has closed it or reused the number */
  union { const char *p; const head *h; } map;
} bundle;

static bundle bundles[GENERATIONS_MAX];
static int last_generation;

static const entry *files_of(const bundle *b) {
  return (const entry *)(const void *)(b->map.p + sizeof(head));
}

static const span *roots_of(const bundle *b) {
  return (const span *)(const void *)(files_of(b) + b->map.h->files);
}

static bundle *bundle_find(int generation) {
  for (int i = 0; generation > 0 && i < GENERATIONS_MAX; i++)
    if (bundles[i].generation == generation) return &bundles[i];
  return NULL;
}

static bundle *bundle_free_slot(void) {
  for (int i = 0; i < GENERATIONS_MAX; i++)
    if (!bundles[i].generation) return &bundles[i];
  return NULL;
}

/* Hashes path, length and bytes of every file in order, so that no two trees hash the same text.
 * Omits the directories: the same scripts are the same bundle in any directory. */
static int hash(const bundle *b, char id[ID_DIGITS + 1]) {
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  EVP_MD_CTX *all = EVP_MD_CTX_new();
  bool ok = all && EVP_DigestInit_ex(all, EVP_sha256(), NULL);
  for (uint32_t i = 0; ok && i < b->map.h->files; i++) {
    const entry *e = &files_of(b)[i];
    uint64_t length = e->text.n;
    ok = EVP_DigestUpdate(all, b->map.p + e->path.at, e->path.n + 1) &&
         EVP_DigestUpdate(all, &length, sizeof length) &&
         EVP_DigestUpdate(all, b->map.p + e->text.at, e->text.n);
  }
  ok = ok && EVP_DigestFinal_ex(all, sum, &n);
  EVP_MD_CTX_free(all);
  for (unsigned int i = 0; ok && i < ID_DIGITS / 2; i++)
    snprintf(id + (size_t)2 * i, 3, "%02x", sum[i]);
  return ok ? 0 : -1;
}

static void sum(const char *p, size_t n, uint32_t out[2]) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256((const unsigned char *)p, n, digest);
  memcpy(out, digest, 2 * sizeof *out);
}

static bool has_sum(const bundle *b) {
  const head *h = b->map.h;
  uint32_t now[2];
  sum(b->map.p + h->settings.at, h->settings.n, now);
  return !memcmp(now, h->settings_sum, sizeof now);
}

/* ---- writing ---- */

static size_t size_of(const tree *t) {
  size_t n = sizeof(head) + t->count * sizeof(entry) + t->roots * sizeof(span) + t->total;
  for (unsigned i = 0; i < t->roots; i++) n += strlen(t->root[i]) + 1;
  for (size_t i = 0; i < t->count; i++) n += strlen(t->files[i].path) + 1;
  return n;
}

static span put(char *map, size_t *at, const char *p, size_t n, bool nul) {
  span s = {(uint32_t)*at, (uint32_t)n};
  if (n) memcpy(map + *at, p, n);
  *at += n;
  if (nul) map[(*at)++] = 0;
  return s;
}

static void fill(char *map, const tree *t) {
  head *h = (head *)(void *)map;
  entry *e = (entry *)(void *)(map + sizeof *h);
  span *root = (span *)(void *)(e + t->count);
  size_t at = sizeof *h + t->count * sizeof *e + t->roots * sizeof *root;
  memcpy(h->magic, MAGIC, sizeof MAGIC);
  h->files = (uint32_t)t->count;
  h->roots = t->roots;
  for (unsigned i = 0; i < t->roots; i++)
    root[i] = put(map, &at, t->root[i], strlen(t->root[i]), true);
  for (size_t i = 0; i < t->count; i++) {
    const tree_file *f = &t->files[i];
    e[i].root = f->root;
    e[i].path = put(map, &at, f->path, strlen(f->path), true);
    e[i].text = put(map, &at, f->bytes, f->n, false);
  }
}

static int map_read_only(bundle *b, int fd, size_t size) {
  void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  b->map.p = p == MAP_FAILED ? NULL : p;
  return b->map.p ? 0 : -1;
}

/* A writable mapping prevents F_SEAL_WRITE, so: write, unmap, seal, map again. */
static int write_sealed(bundle *b, const tree *t, const bundle *like) {
  const buf *settings = conffile_entries();
  size_t scripts = t ? size_of(t) : like->map.h->settings.at, size = scripts + settings->n;
  if (size > SIZE_MAX_BYTES) return errno = EFBIG, -1;
  int fd = memfd_create("human-scripts", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)size)) goto fail;
  char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) goto fail;
  if (t) fill(map, t);
  else memcpy(map, like->map.p, scripts);
  ((head *)(void *)map)->size = (uint32_t)size;
  ((head *)(void *)map)->settings = put(map, &scripts, settings->p, settings->n, false);
  sum(settings->p, settings->n, ((head *)(void *)map)->settings_sum);
  b->map.p = map;
  int failed = hash(b, ((head *)(void *)map)->id);
  munmap(map, size);
  if (failed || fcntl(fd, F_ADD_SEALS, SEALS) || map_read_only(b, fd, size)) goto fail;
  b->fd = fd;
  b->loader = getpid();
  return 0;
fail:
  b->map.p = NULL;
  if (fd >= 0) close(fd);
  return -1;
}

static int make(const tree *t, const bundle *like, char *why, size_t n) {
  bundle *b = bundle_free_slot();
  if (!b) {
    snprintf(why, n, "scripts: too many generations are in use");
    return -1;
  }
  if (write_sealed(b, t, like)) {
    snprintf(why, n, "scripts: cannot copy them to memory: %s", strerror(errno));
    return -1;
  }
  return b->generation = ++last_generation;
}

int bundle_load(char *why, size_t n) {
  tree t = {0};
  int generation = tree_read(&t, why, n) ? -1 : make(&t, NULL, why, n);
  tree_free(&t);
  return generation;
}

int bundle_again(int generation, char *why, size_t n) {
  const bundle *b = bundle_find(generation);
  if (b) return make(NULL, b, why, n);
  snprintf(why, n, "scripts: there is no generation %d", generation);
  return -1;
}

/* ---- attaching ---- */

static bool inside(const head *h, span s, bool nul) {
  return s.at <= h->size && s.n <= h->size - s.at && (!nul || s.n < h->size - s.at);
}

/* A name is NUL-terminated text without a NUL in it. */
static bool is_name(const bundle *b, span s) {
  return inside(b->map.h, s, true) && strnlen(b->map.p + s.at, s.n + 1) == s.n;
}

static bool in_order(const bundle *b, const entry *earlier, const entry *e) {
  int order = strcmp(b->map.p + earlier->path.at, b->map.p + e->path.at);
  return order < 0 || (order == 0 && earlier->root < e->root);
}

static bool well_formed(const bundle *b, size_t size) {
  const head *h = b->map.h;
  char id[ID_DIGITS + 1];
  if (memcmp(h->magic, MAGIC, sizeof MAGIC) || h->size != size || h->files > TREE_FILES_MAX ||
      !h->files || h->roots > TREE_ROOTS_MAX)
    return false;
  if (sizeof *h + h->files * sizeof(entry) + h->roots * sizeof(span) > size) return false;
  for (uint32_t i = 0; i < h->roots; i++)
    if (!is_name(b, roots_of(b)[i])) return false;
  for (uint32_t i = 0; i < h->files; i++) {
    const entry *e = &files_of(b)[i];
    if (!is_name(b, e->path) || !inside(h, e->text, false) || e->root >= h->roots) return false;
    if (i && !in_order(b, e - 1, e)) return false;
  }
  if (!inside(h, h->settings, false) || h->settings.at + h->settings.n != size ||
      !has_sum(b))
    return false;
  return !hash(b, id) && !memcmp(id, h->id, sizeof id);
}

static int attach(bundle *b, int fd) {
  struct stat st;
  int seals = fcntl(fd, F_GET_SEALS), need = SEALS & ~F_SEAL_SEAL;
  if (seals < 0 || (seals & need) != need || fstat(fd, &st)) return -1;
  if (st.st_size < (off_t)sizeof(head) || st.st_size > SIZE_MAX_BYTES) return -1;
  if (map_read_only(b, fd, (size_t)st.st_size)) return -1;
  if (well_formed(b, (size_t)st.st_size)) return 0;
  munmap((void *)(uintptr_t)b->map.p, (size_t)st.st_size);
  b->map.p = NULL;
  return -1;
}

int bundle_attach(int generation, int fd) {
  bundle *b = bundle_free_slot();
  int failed = 0;
  if (!bundle_find(generation)) {
    failed = generation <= 0 || !b || attach(b, fd) ? -1 : 0;
    if (!failed) *b = (bundle){.generation = generation, .fd = -1, .map = b->map};
  }
  close(fd);
  return failed;
}

/* ---- reading ---- */

void bundle_drop(int generation) {
  bundle *b = bundle_find(generation);
  if (!b) return;
  if (bundle_fd(generation) >= 0) close(b->fd);
  munmap((void *)(uintptr_t)b->map.p, b->map.h->size);
  *b = (bundle){0};
}

int bundle_fd(int generation) {
  const bundle *b = bundle_find(generation);
  return b && b->loader == getpid() ? b->fd : -1;
}

const char *bundle_settings(int generation, size_t *n) {
  const bundle *b = bundle_find(generation);
  *n = b ? b->map.h->settings.n : 0;
  return b ? b->map.p + b->map.h->settings.at : NULL;
}

const char *bundle_hash(int generation) {
  const bundle *b = bundle_find(generation);
  return b ? b->map.h->id : "";
}

/* The first entry whose path is not less than `path`. */
static uint32_t lower_bound(const bundle *b, const char *path, size_t n) {
  uint32_t low = 0, high = b->map.h->files;
  while (low < high) {
    uint32_t mid = (low + high) / 2;
    if (strncmp(b->map.p + files_of(b)[mid].path.at, path, n) < 0) low = mid + 1;
    else high = mid;
  }
  return low;
}

static bool has_path(const bundle *b, uint32_t i, const host_str *path) {
  if (i >= b->map.h->files) return false;
  span s = files_of(b)[i].path;
  return s.n == path->n && !memcmp(b->map.p + s.at, path->p, s.n);
}

int host_bundle_below(int generation, host_str *path, int level, host_str *out) {
  const bundle *b = bundle_find(generation);
  if (!b) return HOST_EGONE;
  if (level < 0 || level >= TREE_ROOTS_MAX) return HOST_EINVAL;
  uint32_t i = lower_bound(b, path->p, path->n) + (uint32_t)level;
  if (!has_path(b, i, path)) return HOST_EINVAL;
  span text = files_of(b)[i].text;
  *out = (host_str){b->map.p + text.at, text.n};
  return 0;
}

int host_bundle_file(int generation, host_str *path, host_str *out) {
  return host_bundle_below(generation, path, 0, out);
}

static bool is_first(const bundle *b, uint32_t i) {
  const entry *e = &files_of(b)[i];
  return !i || strcmp(b->map.p + e->path.at, b->map.p + e[-1].path.at);
}

int host_bundle_list(int generation, host_str *out) {
  static buf list = {.max = LIST_BYTES_MAX};
  const bundle *b = bundle_find(generation);
  uint32_t count = 0;
  if (!b) return HOST_EGONE;
  for (uint32_t i = 0; i < b->map.h->files; i++) count += is_first(b, i);
  list.n = 0;
  if (pack_array(&list, count)) return HOST_EFULL;
  for (uint32_t i = 0; i < b->map.h->files; i++)
    if (is_first(b, i) && pack_z(&list, b->map.p + files_of(b)[i].path.at)) return HOST_EFULL;
  *out = (host_str){list.p, (uint32_t)list.n};
  return (int)count;
}

static bool full_name(const bundle *b, const entry *e, const char *tail, size_t k, char *to, size_t n) {
  bool is_shipped = e->root + 1 == b->map.h->roots;
  const char *root = is_shipped ? "" : b->map.p + roots_of(b)[e->root].at;
  int length = snprintf(to, n, "%s%s%s", root, is_shipped ? "" : "/", b->map.p + e->path.at);
  return length > 0 && (size_t)length < n && (size_t)length >= k &&
         !memcmp(to + (size_t)length - k, tail, k);
}

void bundle_explain(const char *place, char *to, size_t n) {
  const char *line = strrchr(place, ':'), *tail = place + 5;
  char full[PATH_MAX];
  snprintf(to, n, "%s", place);
  if (*place != '~' || !line || line < tail || memcmp(place + 2, "...", 3)) return;
  for (const bundle *b = bundles; b < bundles + GENERATIONS_MAX; b++)
    for (uint32_t i = 0; b->generation && i < b->map.h->files; i++) {
      const entry *e = &files_of(b)[i];
      if (e->root + '1' != (uint32_t)place[1]) continue;
      if (!full_name(b, e, tail, (size_t)(line - tail), full, sizeof full)) continue;
      snprintf(to, n, "%s%s", full, line);
      return;
    }
}

static int pack_files(buf *out, const bundle *b) {
  const head *h = b->map.h;
  int failed = pack_map(out, 3) || pack_z(out, "roots") || pack_array(out, h->roots);
  for (uint32_t i = 0; !failed && i < h->roots; i++)
    failed = pack_z(out, b->map.p + roots_of(b)[i].at);
  failed = failed || pack_z(out, "paths") || pack_array(out, h->files);
  for (uint32_t i = 0; !failed && i < h->files; i++)
    failed = pack_z(out, b->map.p + files_of(b)[i].path.at);
  failed = failed || pack_z(out, "root_of") || pack_array(out, h->files);
  for (uint32_t i = 0; !failed && i < h->files; i++)
    failed = pack_int(out, (int32_t)files_of(b)[i].root);
  return failed ? -1 : 0;
}

int host_bundle_files(int generation, host_str *out) {
  static buf list = {.max = LIST_BYTES_MAX};
  const bundle *b = bundle_find(generation);
  if (!b) return HOST_EGONE;
  list.n = 0;
  if (pack_files(&list, b)) return HOST_EFULL;
  *out = (host_str){list.p, (uint32_t)list.n};
  return 0;
}

int host_bundle_id(int generation, host_str *out) {
  const bundle *b = bundle_find(generation);
  if (!b) return HOST_EGONE;
  *out = (host_str){b->map.h->id, ID_DIGITS};
  return 0;
}

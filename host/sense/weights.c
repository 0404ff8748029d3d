/* SPDX-License-Identifier: MIT
 * weights.c -- see weights.h.  Owns the mapping.  Nothing that the file says is believed: each
 * size is checked before it is multiplied, each offset before anything is read by it, and the sum
 * of all must be the file's size. */
#include "sense/weights.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(weights_head) == 128, "the head is 128 bytes");

enum { ROWS_MAX = 1 << 16, TABLE_MAX = 1 << 20, PANEL = 16, LINE = 64 };

static const char *const MALFORMED = "it is malformed";

/* Reads through the file; `at` passes `size` when it is too short. */
typedef struct {
  const uint8_t *p;
  size_t at, size;
} reader;

static const void *take(reader *r, size_t n, size_t width) {
  const uint8_t *p = r->p + r->at;
  size_t bytes = n * width; /* n is at most 2^32, width 8 */
  if (r->at > r->size || bytes > r->size - r->at) {
    r->at = r->size + 1;
    return NULL;
  }
  r->at += bytes;
  return p;
}

static const float *floats(reader *r, size_t n) {
  return take(r, n, sizeof(float));
}

static bool width_ok(uint32_t n, uint32_t most) {
  return n >= PANEL && n <= most && n % PANEL == 0;
}

static bool head_ok(const weights_head *h) {
  return !memcmp(h->magic, "humanSE1", 8) && h->rows >= 1 && h->rows <= ROWS_MAX &&
         width_ok(h->narrow, WEIGHTS_WIDTH) && width_ok(h->wide, WEIGHTS_WIDTH) &&
         width_ok(h->inner, WEIGHTS_WIDTH) && width_ok(h->out, WEIGHTS_OUT) && h->heads >= 1 &&
         h->heads <= 64 && h->narrow % h->heads == 0 && h->wide % h->heads == 0 &&
         h->pieces <= ROWS_MAX && h->letters <= TABLE_MAX && h->folds <= TABLE_MAX &&
         h->fold_letters <= TABLE_MAX && h->pairs <= TABLE_MAX;
}

static void take_words(reader *r, weights *w) {
  const weights_head *h = &w->head;
  w->score = take(r, h->pieces, sizeof(double));
  w->id = take(r, h->pieces, sizeof(uint32_t));
  w->at = take(r, h->pieces + 1, sizeof(uint32_t));
  w->letter = take(r, h->letters, sizeof(uint32_t));
  w->fold = take(r, h->folds, sizeof(uint32_t));
  w->fold_at = take(r, h->folds + 1, sizeof(uint32_t));
  w->fold_to = take(r, h->fold_letters, sizeof(uint32_t));
  w->pair = take(r, 3 * (size_t)h->pairs, sizeof(uint32_t));
  if (r->at % LINE) take(r, LINE - r->at % LINE, 1);
}

static void take_layer(reader *r, const weights_head *h, uint32_t in, weights_layer *l) {
  size_t wide = h->wide, inner = h->inner;
  l->norm = floats(r, in);
  l->norm_bias = floats(r, in);
  l->qkv = floats(r, (size_t)in * in * 3);
  l->qkv_bias = floats(r, (size_t)in * 3);
  l->mix = floats(r, in * wide);
  l->mix_bias = floats(r, wide);
  l->norm2 = floats(r, wide);
  l->norm2_bias = floats(r, wide);
  l->up = floats(r, wide * inner);
  l->up_bias = floats(r, inner);
  l->down = floats(r, inner * wide);
  l->down_bias = floats(r, wide);
}

static void take_tensors(reader *r, weights *w) {
  const weights_head *h = &w->head;
  w->embedding = floats(r, (size_t)h->rows * h->narrow);
  w->timescale = floats(r, h->narrow / 2);
  w->dense = floats(r, (size_t)h->narrow * h->wide);
  w->dense_bias = floats(r, h->wide);
  take_layer(r, h, h->narrow, &w->layer[0]);
  take_layer(r, h, h->wide, &w->layer[1]);
  w->last = floats(r, (size_t)h->wide * h->out);
  w->last_bias = floats(r, h->out);
}

/* Offsets that begin at 0, grow by 1 to `most`, and end at `end`. */
static bool offsets_ok(const uint32_t *at, uint32_t n, uint32_t most, uint32_t end) {
  if (at[0] != 0 || at[n] != end) return false;
  for (uint32_t i = 0; i < n; i++)
    if (at[i + 1] <= at[i] || at[i + 1] - at[i] > most) return false;
  return true;
}

static bool words_ok(const weights *w) {
  const weights_head *h = &w->head;
  for (uint32_t i = 0; i < h->pieces; i++)
    if (w->id[i] >= h->rows) return false;
  return offsets_ok(w->at, h->pieces, WEIGHTS_LETTERS, h->letters) &&
         offsets_ok(w->fold_at, h->folds, WEIGHTS_LETTERS, h->fold_letters);
}

static bool hash_ok(const weights *w) {
  uint8_t hash[EVP_MAX_MD_SIZE];
  const uint8_t *p = w->map;
  size_t n = sizeof w->head;
  return EVP_Digest(p + n, w->size - n, hash, NULL, EVP_sha256(), NULL) == 1 &&
         !memcmp(hash, w->head.sha256, sizeof w->head.sha256);
}

static const char *check(weights *w) {
  memcpy(&w->head, w->map, sizeof w->head);
  if (!head_ok(&w->head)) return "it is no file of weights, or one of another version";
  reader r = {w->map, sizeof w->head, w->size};
  take_words(&r, w);
  take_tensors(&r, w);
  if (r.at != w->size) return "its size is not what its head says";
  if (!words_ok(w)) return MALFORMED;
  return hash_ok(w) ? NULL : "its hash is wrong: it is damaged";
}

static const char *map(int fd, weights *w) {
  struct stat st;
  if (fd < 0) return "it cannot be read";
  if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return "it is not a file";
  if (st.st_size < (off_t)sizeof w->head || st.st_size > 1 << 30)
    return "its size is not that of weights";
  w->size = (size_t)st.st_size;
  void *p = mmap(NULL, w->size, PROT_READ, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) return "it cannot be mapped";
  w->map = p;
  return NULL;
}

const char *weights_open(const char *path, weights *w) {
  *w = (weights){0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  const char *why = map(fd, w);
  if (fd >= 0) close(fd);
  if (!why) why = check(w);
  if (why) weights_close(w);
  return why;
}

void weights_close(weights *w) {
  if (w->map) munmap(w->map, w->size);
  *w = (weights){0};
}

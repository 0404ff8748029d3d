/* SPDX-License-Identifier: MIT
 * fuzz_weights.c -- files of weights whose hash is right and whose contents are anything, and arbitrary texts for
 * those that are taken: every id is one of the table, and a sentence has as many numbers as it says. */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sense/encoder.h"
#include "sense/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { WIDTH = 16, PIECES = 8, FOLDS = 4, PAIRS = 2, TEXT = 64 };

static const size_t TENSORS =
    3 * WIDTH + WIDTH / 2 + WIDTH * WIDTH + WIDTH +               /* embeddings of 3 rows, dense */
    2 * (3 * WIDTH * WIDTH + 3 * WIDTH + 3 * WIDTH * WIDTH + 7 * WIDTH) + /* two layers */
    WIDTH * WIDTH + WIDTH;

/* Numbers of the vocabulary as the input has them, or, where it says so, in order. */
static void words(uint32_t *p, const uint8_t **data, size_t *n, size_t count, int in_order) {
  for (size_t i = 0; i < count; i++) {
    p[i] = in_order ? (uint32_t)i : 0;
    if (!in_order && *n) p[i] = **data, (*data)++, (*n)--;
  }
}

static size_t build(uint8_t *file, const uint8_t *data, size_t n) {
  weights_head h = {.magic = "humanSE1", .rows = 3, .narrow = WIDTH, .wide = WIDTH, .heads = 2, .inner = WIDTH,
                    .out = WIDTH, .pieces = PIECES, .letters = PIECES, .folds = FOLDS, .fold_letters = FOLDS,
                    .pairs = PAIRS};
  int flags = n ? *data : 0;
  uint8_t *p = file + sizeof h + PIECES * sizeof(double);
  size_t counts[] = {PIECES, PIECES + 1, PIECES, FOLDS, FOLDS + 1, FOLDS, 3 * PAIRS};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    uint32_t list[16] = {0};
    words(list, &data, &n, counts[i], (i == 1 || i == 4) && !(flags & 1));
    if (i == 0 && !(flags & 2)) for (size_t k = 0; k < PIECES; k++) list[k] %= 3;
    memcpy(p, list, counts[i] * sizeof *list);
    p += counts[i] * sizeof *list;
  }
  size_t at = (size_t)(p - file), start = (at + 63) / 64 * 64, size = start + TENSORS * sizeof(float);
  for (size_t i = 0; i < TENSORS; i++) {
    float v = n ? (float)(int8_t)data[i % n] / 64 : 0.5F;
    memcpy(file + start + i * sizeof v, &v, sizeof v);
  }
  EVP_Digest(file + sizeof h, size - sizeof h, h.sha256, NULL, EVP_sha256(), NULL);
  memcpy(file, &h, sizeof h);
  return size;
}

static void encode(const weights *w, const uint8_t *text, size_t n) {
  uint32_t ids[WEIGHTS_TOKENS];
  float v[WEIGHTS_OUT];
  int8_t out[WEIGHTS_OUT];
  int count = pieces_cut(w, (const char *)text, n, ids);
  if (count < 0 || count > WEIGHTS_TOKENS || (n && !count)) abort();
  for (int i = 0; i < count; i++)
    if (ids[i] >= w->head.rows) abort();
  if (count && !encoder_run(w, ids, count, v)) encoder_round(v, w->head.out, out);
}

/* The last bytes, at most TEXT, are the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static uint8_t file[1 << 16];
  char path[64];
  weights w;
  memset(file, 0, sizeof file);
  size_t text = n < TEXT ? n : TEXT, size = build(file, data, n - text);
  int fd = memfd_create("weights", MFD_CLOEXEC);
  if (fd < 0 || write(fd, file, size) != (ssize_t)size) return 0;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (!weights_open(path, &w)) {
    encode(&w, data + n - text, text);
    weights_close(&w);
  }
  close(fd);
  return 0;
}

/* SPDX-License-Identifier: MIT
 * weights.h -- the weights of the sentence encoder: one file, mapped read-only.
 *
 * etc/weights.mjs writes it.  All numbers are little-endian:
 *   128 bytes  weights_head
 *   f64 score[pieces]; u32 id[pieces], at[pieces + 1], letter[letters]: the vocabulary, sorted
 *   u32 from[folds], at[folds + 1], to[fold_letters]: what NFKC makes of a code point, sorted
 *   u32 pair[pairs][3]: first, second and what they compose to, sorted
 *   zeros up to a multiple of 64
 *   f32 tensors, in the order of `weights`
 * A matrix of IN x OUT is in panels of 16 columns: PANEL[OUT / 16][IN][16], as matmul reads it. */
#ifndef HUMAN_WEIGHTS_H
#define HUMAN_WEIGHTS_H
#include <stddef.h>
#include <stdint.h>

enum { WEIGHTS_TOKENS = 128, WEIGHTS_WIDTH = 2048, WEIGHTS_OUT = 512, WEIGHTS_LETTERS = 64 };

typedef struct {
  char magic[8];             /* "humanSE1" */
  uint32_t rows;             /* of the table of embeddings: ids are below it */
  uint32_t narrow, wide;     /* the width of an embedding, and of all that comes after */
  uint32_t heads, inner;     /* of attention; the width within a feed-forward block */
  uint32_t out;              /* of a sentence */
  uint32_t pieces, letters, folds, fold_letters, pairs;
  uint32_t unused;
  uint8_t sha256[32];        /* of what follows the head */
  uint8_t zero[40];
} weights_head;

typedef struct {
  const float *norm, *norm_bias, *qkv, *qkv_bias, *mix, *mix_bias;
  const float *norm2, *norm2_bias, *up, *up_bias, *down, *down_bias;
} weights_layer;

typedef struct {
  weights_head head;
  const double *score;
  const uint32_t *id, *at, *letter;
  const uint32_t *fold, *fold_at, *fold_to, *pair;
  const float *embedding, *timescale, *dense, *dense_bias;
  weights_layer layer[2];
  const float *last, *last_bias;
  void *map;
  size_t size;
} weights;

/* Maps and checks a file.  NULL, or what is wrong with it; then `w` is empty.  Takes some 100
 * ms: not for the loop. */
const char *weights_open(const char *path, weights *w);
void weights_close(weights *w);
#endif

/* SPDX-License-Identifier: MIT
 * encoder.c -- see encoder.h: the forward pass of the Universal Sentence Encoder Lite. */
#include "sense/encoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sense/matmul.h"

typedef struct {
  const weights *w;
  size_t n;                   /* tokens */
  float *x, *y, *h;           /* n rows: what goes on, what is added to it, what is normalised */
  float *big;                 /* n rows: q, k and v; or what is within a feed-forward block */
  float weight[WEIGHTS_TOKENS];
} pass;

/* x_t = 2 · embedding + [sin | cos] of its place. */
static void embed(pass *p, const uint32_t *ids) {
  const weights *w = p->w;
  size_t width = w->head.narrow, half = width / 2;
  for (size_t t = 0; t < p->n; t++) {
    float *x = p->x + t * width;
    const float *e = w->embedding + ids[t] * width;
    for (size_t i = 0; i < half; i++) {
      float angle = (float)t * w->timescale[i];
      x[i] = 2 * e[i] + sinf(angle);
      x[half + i] = 2 * e[half + i] + cosf(angle);
    }
  }
}

static void normalise(const float *x, size_t rows, size_t width, const float *scale,
                      const float *bias, float *y) {
  for (size_t r = 0; r < rows; r++, x += width, y += width) {
    float mean = 0, square = 0;
    for (size_t i = 0; i < width; i++) mean += x[i];
    mean /= (float)width;
    for (size_t i = 0; i < width; i++) square += (x[i] - mean) * (x[i] - mean);
    float by = 1 / sqrtf(square / (float)width + 1e-6f);
    for (size_t i = 0; i < width; i++) y[i] = (x[i] - mean) * by * scale[i] + bias[i];
  }
}

static float dot(const float *a, const float *b, size_t n) {
  float sum[4] = {0};
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t k = 0; k < 4; k++) sum[k] += a[i + k] * b[i + k];
  for (; i < n; i++) sum[0] += a[i] * b[i];
  return sum[0] + sum[1] + sum[2] + sum[3];
}

/* How much each token counts for this one: softmax(q · k). */
static void attend_to(pass *p, const float *q, const float *k, size_t step, size_t size) {
  float most = -INFINITY, sum = 0, scale = 1 / sqrtf((float)size);
  for (size_t t = 0; t < p->n; t++) {
    p->weight[t] = dot(q, k + t * step, size) * scale;
    most = fmaxf(most, p->weight[t]);
  }
  for (size_t t = 0; t < p->n; t++) sum += p->weight[t] = expf(p->weight[t] - most);
  for (size_t t = 0; t < p->n; t++) p->weight[t] /= sum;
}

/* One head: columns from .. from + size - 1 of q, k and v, which are beside each other in
 * `big`; into h. */
static void attend_head(pass *p, size_t width, size_t from, size_t size) {
  size_t step = 3 * width;
  for (size_t t = 0; t < p->n; t++) {
    float *out = p->h + t * width + from;
    attend_to(p, p->big + t * step + from, p->big + width + from, step, size);
    memset(out, 0, size * sizeof *out);
    for (size_t s = 0; s < p->n; s++) {
      const float *v = p->big + s * step + 2 * width + from;
      for (size_t i = 0; i < size; i++) out[i] += p->weight[s] * v[i];
    }
  }
}

static void add(float *x, const float *y, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] += y[i];
}

/* y = mix(attention(norm(x))); x is `width` wide, y is as wide as everything after it. */
static void attention(pass *p, const weights_layer *l, size_t width) {
  size_t size = width / p->w->head.heads;
  normalise(p->x, p->n, width, l->norm, l->norm_bias, p->h);
  matmul(p->h, p->n, width, l->qkv, l->qkv_bias, 3 * width, p->big);
  for (size_t from = 0; from < width; from += size) attend_head(p, width, from, size);
  matmul(p->h, p->n, width, l->mix, l->mix_bias, p->w->head.wide, p->y);
}

/* x += down(relu(up(norm(x)))). */
static void forward(pass *p, const weights_layer *l) {
  size_t wide = p->w->head.wide, inner = p->w->head.inner;
  normalise(p->x, p->n, wide, l->norm2, l->norm2_bias, p->h);
  matmul(p->h, p->n, wide, l->up, l->up_bias, inner, p->big);
  for (size_t i = 0; i < p->n * inner; i++) p->big[i] = fmaxf(p->big[i], 0);
  matmul(p->big, p->n, inner, l->down, l->down_bias, wide, p->y);
  add(p->x, p->y, p->n * wide);
}

static void layers(pass *p) {
  const weights *w = p->w;
  size_t wide = w->head.wide;
  attention(p, &w->layer[0], w->head.narrow);
  matmul(p->x, p->n, w->head.narrow, w->dense, w->dense_bias, wide, p->h);
  memcpy(p->x, p->h, p->n * wide * sizeof *p->x);
  add(p->x, p->y, p->n * wide);
  forward(p, &w->layer[0]);
  attention(p, &w->layer[1], wide);
  add(p->x, p->y, p->n * wide);
  forward(p, &w->layer[1]);
}

static void finish(pass *p, float *v) {
  const weights *w = p->w;
  size_t wide = w->head.wide, out = w->head.out;
  float *mean = p->h, length = 0;
  memset(mean, 0, wide * sizeof *mean);
  for (size_t t = 0; t < p->n; t++) add(mean, p->x + t * wide, wide);
  for (size_t i = 0; i < wide; i++) mean[i] /= (float)p->n;
  matmul(mean, 1, wide, w->last, w->last_bias, out, v);
  for (size_t i = 0; i < out; i++) v[i] = tanhf(v[i]);
  for (size_t i = 0; i < out; i++) length += v[i] * v[i];
  length = sqrtf(fmaxf(length, 1e-12f));
  for (size_t i = 0; i < out; i++) v[i] /= length;
}

int encoder_run(const weights *w, const uint32_t *ids, int n, float *v) {
  const weights_head *h = &w->head;
  size_t wide = h->wide > h->narrow ? h->wide : h->narrow;
  size_t big = h->inner > 3 * wide ? h->inner : 3 * wide, rows = (size_t)n;
  float *memory = calloc(rows * (3 * wide + big), sizeof *memory);
  if (!memory) return -1;
  pass p = {.w = w, .n = rows, .x = memory, .y = memory + rows * wide,
            .h = memory + 2 * rows * wide, .big = memory + 3 * rows * wide};
  embed(&p, ids);
  layers(&p);
  finish(&p, v);
  free(memory);
  return 0;
}

void encoder_round(const float *v, uint32_t n, int8_t out[WEIGHTS_OUT]) {
  float most = 1e-12f;
  memset(out, 0, WEIGHTS_OUT);
  for (uint32_t i = 0; i < n; i++) most = fmaxf(most, fabsf(v[i]));
  for (uint32_t i = 0; i < n; i++) out[i] = (int8_t)lrintf(v[i] / most * 127);
}

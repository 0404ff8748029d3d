/* SPDX-License-Identifier: MIT
 * matmul.c -- see matmul.h.  Four rows and a panel of sixteen columns at a time: their sums stay
 * in registers, and each weight is read from memory once, however many rows there are. */
#include "sense/matmul.h"

/* Clones are chosen before a sanitizer has started; what clang builds here is for sanitizers. */
#if defined __x86_64__ && defined __GNUC__ && !defined __clang__
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

enum { PANEL = 16, LANES = 8, ROWS = 4 };

typedef float lanes __attribute__((vector_size(32), aligned(4), may_alias));

#define INLINE inline __attribute__((always_inline))
#define ADD(r, x) (sum[r][0] += w0 * (x), sum[r][1] += w1 * (x))

#define PUT(y, a, b) (*(lanes *)(y) = (a), *(lanes *)((y) + LANES) = (b))

/* x: four rows, `step` apart. */
static INLINE void block(const float *x, size_t step, size_t in, const float *w,
                         const float *bias, float *y, size_t out) {
  lanes sum[ROWS][2], b0 = *(const lanes *)bias, b1 = *(const lanes *)(bias + LANES);
  for (int r = 0; r < ROWS; r++) sum[r][0] = b0, sum[r][1] = b1;
  for (size_t k = 0; k < in; k++, w += PANEL) {
    lanes w0 = *(const lanes *)w, w1 = *(const lanes *)(w + LANES);
    ADD(0, x[k]), ADD(1, x[step + k]), ADD(2, x[2 * step + k]), ADD(3, x[3 * step + k]);
  }
  for (int r = 0; r < ROWS; r++, y += out) PUT(y, sum[r][0], sum[r][1]);
}

static INLINE void single(const float *x, size_t in, const float *w, const float *bias, float *y) {
  lanes s0 = *(const lanes *)bias, s1 = *(const lanes *)(bias + LANES);
  for (size_t k = 0; k < in; k++, w += PANEL) {
    s0 += *(const lanes *)w * x[k];
    s1 += *(const lanes *)(w + LANES) * x[k];
  }
  PUT(y, s0, s1);
}

FAST void matmul(const float *x, size_t rows, size_t in, const float *w, const float *bias,
                 size_t out, float *y) {
  for (size_t c = 0; c < out; c += PANEL, w += in * PANEL) {
    size_t r = 0;
    for (; r + ROWS <= rows; r += ROWS)
      block(x + r * in, in, in, w, bias + c, y + r * out + c, out);
    for (; r < rows; r++) single(x + r * in, in, w, bias + c, y + r * out + c);
  }
}

FAST int32_t matmul_dot(const int8_t *a, const int8_t *b) {
  int32_t sum = 0;
  for (size_t i = 0; i < MATMUL_DOT; i++) sum += a[i] * b[i];
  return sum;
}

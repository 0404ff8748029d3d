/* SPDX-License-Identifier: MIT
 * matmul.c -- see matmul.h.  Four rows and a panel of sixteen columns at a time: their sums stay
 * in registers, and each weight is read from memory once, however many rows there are.  A sum is
 * of the same products in the same order whatever the processor has. */
#include "sense/matmul.h"

/* Clones are chosen before a sanitizer has started; what clang builds here is for sanitizers. */
#if defined __x86_64__ && defined __GNUC__ && !defined __clang__
#include <immintrin.h>
#define FAST __attribute__((target_clones("avx2", "default")))
#define MAY_HAVE_AVX2
#else
#define FAST
#endif

enum { PANEL = 16, LANES = 8, ROWS = 4 };

typedef float lanes __attribute__((vector_size(32), aligned(4), may_alias));

#define INLINE inline __attribute__((always_inline))

/* x: `n` rows, `in` apart; n is known where this is expanded. */
static INLINE void block(int n, const float *x, size_t in, const float *w, const float *bias,
                         float *y, size_t out) {
  lanes sum[ROWS][2], b0 = *(const lanes *)bias, b1 = *(const lanes *)(bias + LANES);
#pragma GCC unroll 4
  for (int r = 0; r < n; r++) sum[r][0] = b0, sum[r][1] = b1;
  for (size_t k = 0; k < in; k++, w += PANEL) {
    lanes w0 = *(const lanes *)w, w1 = *(const lanes *)(w + LANES);
#pragma GCC unroll 4
    for (int r = 0; r < n; r++) {
      float v = x[(size_t)r * in + k];
      sum[r][0] += w0 * v, sum[r][1] += w1 * v;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < n; r++, y += out)
    *(lanes *)y = sum[r][0], *(lanes *)(y + LANES) = sum[r][1];
}

/* What is left takes about as long as one row of it would. */
static INLINE void rest(size_t n, const float *x, size_t in, const float *w, const float *bias,
                        float *y, size_t out) {
  if (n == 1) block(1, x, in, w, bias, y, out);
  else if (n == 2) block(2, x, in, w, bias, y, out);
  else if (n == 3) block(3, x, in, w, bias, y, out);
}

FAST void matmul(const float *x, size_t rows, size_t in, const float *w, const float *bias,
                 size_t out, float *y) {
  for (size_t c = 0; c < out; c += PANEL, w += in * PANEL) {
    size_t r = 0;
    for (; r + ROWS <= rows; r += ROWS)
      block(ROWS, x + r * in, in, w, bias + c, y + r * out + c, out);
    rest(rows - r, x + r * in, in, w, bias + c, y + r * out + c, out);
  }
}

#ifdef MAY_HAVE_AVX2
__attribute__((target("avx2"))) static int32_t dot_avx2(const int8_t *a, const int8_t *b) {
  __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                    _mm256_setzero_si256()};
#pragma GCC unroll 8
  for (size_t i = 0; i < MATMUL_DOT; i += 64) {
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++) {
      __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(a + i + 16 * k)));
      __m256i y = _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)(b + i + 16 * k)));
      sum[k] = _mm256_add_epi32(sum[k], _mm256_madd_epi16(x, y));
    }
  }
  int32_t lane[8], all = 0;
  __m256i s = _mm256_add_epi32(_mm256_add_epi32(sum[0], sum[1]), _mm256_add_epi32(sum[2], sum[3]));
  _mm256_storeu_si256((void *)lane, s);
  for (int i = 0; i < 8; i++) all += lane[i];
  return all;
}
#endif

int32_t matmul_dot(const int8_t *a, const int8_t *b) {
#ifdef MAY_HAVE_AVX2
  if (__builtin_cpu_supports("avx2")) return dot_avx2(a, b);
#endif
  int32_t sum = 0;
  for (size_t i = 0; i < MATMUL_DOT; i++) sum += a[i] * b[i];
  return sum;
}

/* SPDX-License-Identifier: MIT
 * matmul.h -- the arithmetic of the encoder and of the search: for AVX2 where the processor has
 * it. */
#ifndef HUMAN_MATMUL_H
#define HUMAN_MATMUL_H
#include <stddef.h>
#include <stdint.h>

/* y[rows][out] = x[rows][in] · w[in][out] + bias; w in panels of 16 columns (weights.h). */
void matmul(const float *x, size_t rows, size_t in, const float *w, const float *bias, size_t out,
            float *y);

/* The sum of products. */
enum { MATMUL_DOT = 512 };
int32_t matmul_dot(const int8_t *a, const int8_t *b);
#endif

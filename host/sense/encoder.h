/* SPDX-License-Identifier: MIT
 * encoder.h -- a sentence as a vector: two layers of a transformer, the mean of its tokens, one
 * more layer. */
#ifndef HUMAN_ENCODER_H
#define HUMAN_ENCODER_H
#include <stdint.h>

#include "sense/weights.h"

/* ids: 1 to WEIGHTS_TOKENS, each below w->head.rows.  v: w->head.out numbers, of length 1.  0,
 * or -1: out of memory. */
int encoder_run(const weights *w, const uint32_t *ids, int n, float *v);

/* The same direction in whole numbers, the largest 127 or -127; what v lacks of WEIGHTS_OUT is
 * 0. */
void encoder_round(const float *v, uint32_t n, int8_t out[WEIGHTS_OUT]);
#endif

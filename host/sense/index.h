/* SPDX-License-Identifier: MIT
 * index.h -- vectors by id, searched from end to end: one copy for all workers of a host.
 *
 * Mapped by the supervisor before it forks.  One worker at a time fills it (index_turn), under a
 * lock that survives whoever holds it; searches take no lock, and leave out a row that changes
 * meanwhile.  Before index_init() it has no room. */
#ifndef HUMAN_INDEX_H
#define HUMAN_INDEX_H
#include <stdint.h>

enum { INDEX_ID = 16, INDEX_VECTOR = 512, INDEX_MODEL = 16, INDEX_CURSOR = 64 };

typedef struct {
  uint8_t id[INDEX_ID];
  float score; /* the cosine */
} index_hit;

int index_init(uint32_t rows); /* 0, or -1 with errno */

/* The `most` rows of one of these kinds (a bit each) that are nearest to v, the best first, if
 * they were made by this model.  Their number; HOST_EDOWN: the index is not filled, or by
 * another model. */
int index_nearest(const char *model, const int8_t *v, uint32_t kinds, int most, index_hit *out);

float index_cosine(const int8_t *a, const int8_t *b);
#endif

/* SPDX-License-Identifier: MIT
 * pieces.h -- cuts a text into the pieces of the encoder's vocabulary (SentencePiece's unigram
 * model). */
#ifndef HUMAN_PIECES_H
#define HUMAN_PIECES_H
#include <stddef.h>
#include <stdint.h>

#include "sense/weights.h"

enum { PIECES_TEXT = 4096 }; /* code points, normalised, that are looked at; the rest is left out */

/* The ids of the first WEIGHTS_TOKENS pieces; their number, 0 for an empty text, or -1: out of
 * memory.  Bytes that are not UTF-8 are U+FFFD. */
int pieces_cut(const weights *w, const char *text, size_t n, uint32_t ids[WEIGHTS_TOKENS]);
#endif

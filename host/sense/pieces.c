/* SPDX-License-Identifier: MIT
 * pieces.c -- see pieces.h.  The result is that of the tokenizer that the weights were published
 * with, which has two habits of its own: a code point that begins no piece is free, and so is a
 * place that no piece ends at.
 *
 * Normalisation is NFKC by the file's tables, but for marks that are not in canonical order. */
#include "sense/pieces.h"

#include <stdbool.h>
#include <stdlib.h>

enum { UNKNOWN = 0xFFFD, BLANK = 0x2581 /* "▁" */ };

typedef struct {
  uint32_t letter[PIECES_TEXT + 1];
  double best[PIECES_TEXT + 2];
  uint32_t last[PIECES_TEXT + 2];   /* the id of the piece that ends there .. */
  uint32_t length[PIECES_TEXT + 2]; /* .. and its letters */
  uint32_t ids[PIECES_TEXT + 1];    /* from the end */
  int n;
} lattice;

/* ---- UTF-8 ---- */

static int tail_of(uint8_t c) {
  if (c < 0x80) return 0;
  if (c >= 0xC2 && c < 0xE0) return 1;
  if (c >= 0xE0 && c < 0xF0) return 2;
  return c >= 0xF0 && c < 0xF5 ? 3 : -1;
}

/* The code point at p, which has n > 0 bytes; *used: how many it has. */
static uint32_t decode(const uint8_t *p, size_t n, size_t *used) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  int tail = tail_of(*p);
  *used = 1;
  if (tail == 0) return *p;
  if (tail < 0 || (size_t)tail >= n) return UNKNOWN;
  uint32_t c = *p & (0x3Fu >> tail);
  for (int i = 1; i <= tail; i++) {
    if ((p[i] & 0xC0) != 0x80) return UNKNOWN;
    c = c << 6 | (p[i] & 0x3F);
  }
  if (c < least[tail] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return UNKNOWN;
  *used = (size_t)tail + 1;
  return c;
}

/* ---- normalisation ---- */

static uint32_t composed(const weights *w, uint32_t a, uint32_t b) {
  uint32_t from = 0, to = w->head.pairs;
  while (from < to) {
    uint32_t mid = from + (to - from) / 2;
    const uint32_t *p = w->pair + 3 * (size_t)mid;
    if (p[0] == a && p[1] == b) return p[2];
    if (p[0] < a || (p[0] == a && p[1] < b)) from = mid + 1;
    else to = mid;
  }
  return 0;
}

static void add(const weights *w, lattice *l, uint32_t c) {
  uint32_t whole = l->n > 1 ? composed(w, l->letter[l->n - 1], c) : 0;
  if (whole) l->letter[l->n - 1] = whole;
  else if (l->n <= PIECES_TEXT) l->letter[l->n++] = c == ' ' ? BLANK : c;
}

static void add_folded(const weights *w, lattice *l, uint32_t c) {
  uint32_t from = 0, to = c < 0x80 ? 0 : w->head.folds;
  while (from < to) {
    uint32_t mid = from + (to - from) / 2;
    if (w->fold[mid] == c) {
      for (uint32_t i = w->fold_at[mid]; i < w->fold_at[mid + 1]; i++) add(w, l, w->fold_to[i]);
      return;
    }
    if (w->fold[mid] < c) from = mid + 1;
    else to = mid;
  }
  add(w, l, c);
}

static void normalise(const weights *w, lattice *l, const uint8_t *p, size_t n) {
  l->n = 0;
  if (n) l->letter[l->n++] = BLANK;
  for (size_t at = 0, used; at < n && l->n <= PIECES_TEXT; at += used)
    add_folded(w, l, decode(p + at, n - at, &used));
}

/* ---- the best way through ---- */

/* Of the pieces from .. to - 1, which agree up to `depth`: the first one whose letter there is
 * at least c. */
static uint32_t first_from(const weights *w, uint32_t from, uint32_t to, uint32_t depth,
                           uint64_t c) {
  while (from < to) {
    uint32_t mid = from + (to - from) / 2, at = w->at[mid] + depth;
    if (at >= w->at[mid + 1] || w->letter[at] < c) from = mid + 1;
    else to = mid;
  }
  return from;
}

static void offer(lattice *l, int from, uint32_t length, double score, uint32_t id) {
  int to = from + (int)length;
  double sum = score + l->best[from];
  bool is_first = l->best[to] == 0; /* nothing ends here yet, or for free */
  if (!is_first && sum < l->best[to]) return;
  l->best[to] = sum;
  l->last[to] = id;
  l->length[to] = length;
}

static void offer_from(const weights *w, lattice *l, int from) {
  uint32_t lo = 0, hi = w->head.pieces, most = (uint32_t)(l->n - from);
  bool found = false;
  for (uint32_t depth = 0; depth < most && lo < hi; depth++) {
    uint32_t c = l->letter[from + (int)depth];
    lo = first_from(w, lo, hi, depth, c);
    hi = first_from(w, lo, hi, depth, (uint64_t)c + 1);
    if (lo < hi && w->at[lo + 1] - w->at[lo] == depth + 1) {
      offer(l, from, depth + 1, w->score[lo], w->id[lo]);
      found = true;
    }
  }
  if (!found) offer(l, from, 1, 0, 0);
}

/* Walks back; unknown letters beside each other are one. */
static int collect(lattice *l, uint32_t *ids) {
  int n = 0, count;
  for (int at = l->n; at > 0; at -= (int)l->length[at])
    if (n == 0 || l->last[at] || l->ids[n - 1]) l->ids[n++] = l->last[at];
  for (count = 0; count < n && count < WEIGHTS_TOKENS; count++) ids[count] = l->ids[n - 1 - count];
  return count;
}

int pieces_cut(const weights *w, const char *text, size_t n, uint32_t ids[WEIGHTS_TOKENS]) {
  lattice *l = malloc(sizeof *l);
  if (!l) return -1;
  normalise(w, l, (const uint8_t *)text, n);
  for (int i = 0; i <= l->n; i++) l->best[i] = 0, l->last[i] = 0, l->length[i] = 1;
  for (int i = 0; i < l->n; i++) offer_from(w, l, i);
  int count = collect(l, ids);
  free(l);
  return count;
}

/* SPDX-License-Identifier: MIT
 * match.c -- Lua 5.1 patterns, matched in a bounded number of steps.
 *
 * Like string.find and its siblings, but bounded: a pattern with several open-ended items may try
 * every way to divide a text among them, and nothing can interrupt a C function.  So each byte read
 * of the text or the pattern costs a step, and matching fails when the steps run out.  Matches and
 * refusals are the same as in LuaJIT (spec/host/match_spec.lua compares the two).
 *
 * Pure: owns nothing, allocates nothing, never calls Lua.  The pattern ends at its first NUL. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "host_api.h"

enum { MATCH_ENDS_WITH_ESCAPE = 1, MATCH_NO_BRACKET, MATCH_NO_SET, MATCH_UNBALANCED,
       MATCH_CAPTURE_INDEX, MATCH_PATTERN_CAPTURE, MATCH_CAPTURES, MATCH_DEPTH }; /* host_found.why */
_Static_assert((int)MATCH_CAPTURE_INDEX == (int)HOST_MATCH_NO_CAPTURE,
               "scripts are told of this one by its number");
enum { ESCAPE = '%', DEPTH_MAX = 100, SPECIALS = 10, SKIPPED_BYTES = 16 };
static const char specials[SPECIALS + 1] = "^$*+?.([%-";

typedef unsigned char byte;

typedef struct {
  const byte *text, *end;   /* the subject */
  const byte *pattern_end;
  int64_t steps;            /* left */
  int depth, failed;        /* failed: 0, or what ends the search: HOST_ELIMIT, HOST_EINVAL */
  host_found *m;
} matcher;

static const byte *match(matcher *k, const byte *s, const byte *p);

const char *host_match_why(int why) {
  static const char *const words[] = {
      "invalid pattern", "malformed pattern (ends with '%')", "malformed pattern (missing ']')",
      "missing '[' after '%f' in pattern", "unbalanced pattern", "invalid capture index",
      "invalid pattern capture", "too many captures", "pattern too complex", "unfinished capture"};
  return words[why > 0 && why <= HOST_MATCH_UNFINISHED ? why : 0];
}

/* Returns NULL, as if nothing had matched; callers check k->failed before they try alternatives. */
static const byte *refuse(matcher *k, int why) {
  k->failed = HOST_EINVAL;
  k->m->why = why;
  return NULL;
}

static bool spend(matcher *k, int64_t steps) {
  k->steps -= steps;
  if (k->steps < 0 && !k->failed) k->failed = HOST_ELIMIT;
  return !k->failed;
}

static byte at(const matcher *k, const byte *p) {
  return p < k->pattern_end ? *p : 0;
}

/* ---- single characters: classes and sets, in the C locale ---- */

static bool between(byte c, byte low, byte high) {
  return c >= low && c <= high;
}

/* `name` follows a % in the pattern: a class, its complement, or a literal character. */
static bool in_class(byte c, byte name) {
  bool lower = between(c, 'a', 'z'), upper = between(c, 'A', 'Z'), digit = between(c, '0', '9'), in;
  switch (name | 0x20) {
  case 'a': in = lower || upper; break;
  case 'c': in = c < 32 || c == 127; break;
  case 'd': in = digit; break;
  case 'g': in = between(c, 33, 126); break;
  case 'l': in = lower; break;
  case 'p': in = between(c, 33, 126) && !lower && !upper && !digit; break;
  case 's': in = c == ' ' || between(c, 9, 13); break;
  case 'u': in = upper; break;
  case 'w': in = lower || upper || digit; break;
  case 'x': in = digit || between(c, 'a', 'f') || between(c, 'A', 'F'); break;
  case 'z': in = c == 0; break;
  default: return c == name;
  }
  return in == between(name, 'a', 'z');
}

/* `set` points to its [, `last` to its ]. */
static bool in_set(byte c, const byte *set, const byte *last) {
  bool wanted = set[1] != '^';
  if (!wanted) set++;
  while (++set < last) {
    if (*set == ESCAPE) {
      if (in_class(c, *++set)) return wanted;
    } else if (set[1] == '-' && set + 2 < last) {
      set += 2;
      if (between(c, set[-2], *set)) return wanted;
    } else if (*set == c) {
      return wanted;
    }
  }
  return !wanted;
}

/* The end of the item that begins at p: a character, a %x or a set. */
static const byte *item_end(matcher *k, const byte *p) {
  byte c = *p++;
  if (c == ESCAPE) return at(k, p) ? p + 1 : refuse(k, MATCH_ENDS_WITH_ESCAPE);
  if (c != '[') return p;
  if (at(k, p) == '^') p++;
  do {
    if (!at(k, p)) return refuse(k, MATCH_NO_BRACKET);
    if (*p++ == ESCAPE && at(k, p)) p++;
  } while (at(k, p) != ']');
  return p + 1;
}

/* Does the item from p to `item` match c? */
static inline bool in_item(byte c, const byte *p, const byte *item) {
  switch (*p) {
  case '.': return true;
  case ESCAPE: return in_class(c, p[1]);
  case '[': return in_set(c, p, item - 1);
  default: return *p == c;
  }
}

static bool single(matcher *k, const byte *s, const byte *p, const byte *item) {
  return s < k->end && spend(k, item - p) && in_item(*s, p, item);
}

/* ---- repetitions ---- */

static const byte *as_many_as_possible(matcher *k, const byte *s, const byte *p, const byte *item) {
  const byte *to = s;
  while (single(k, to, p, item)) to++;
  for (;; to--) {
    const byte *end = match(k, to, item + 1);
    if (end || to == s || k->failed) return end;
  }
}

static const byte *as_few_as_possible(matcher *k, const byte *s, const byte *p, const byte *item) {
  while (!k->failed) {
    const byte *end = match(k, s, item + 1);
    if (end) return end;
    if (!single(k, s, p, item)) return NULL;
    s++;
  }
  return NULL;
}

static const byte *optional(matcher *k, const byte *s, const byte *p, const byte *item) {
  const byte *end = single(k, s, p, item) ? match(k, s + 1, item + 1) : NULL;
  return end || k->failed ? end : match(k, s, item + 1);
}

/* ---- captures ---- */

static const byte *open_capture(matcher *k, const byte *s, const byte *p, int n) {
  host_found *m = k->m;
  if (m->level >= HOST_CAPTURES) return refuse(k, MATCH_CAPTURES);
  m->capture[m->level].from = (int32_t)(s - k->text);
  m->capture[m->level].n = n;
  m->level++;
  const byte *end = match(k, s, p);
  if (!end) m->level--;
  return end;
}

static const byte *close_capture(matcher *k, const byte *s, const byte *p) {
  int i = k->m->level - 1;
  while (i >= 0 && k->m->capture[i].n != HOST_CAPTURE_OPEN) i--;
  if (i < 0) return refuse(k, MATCH_PATTERN_CAPTURE);
  k->m->capture[i].n = (int32_t)(s - k->text) - k->m->capture[i].from;
  const byte *end = match(k, s, p);
  if (!end) k->m->capture[i].n = HOST_CAPTURE_OPEN;
  return end;
}

/* %1: the text of the first capture again. */
static const byte *captured(matcher *k, const byte *s, byte digit) {
  int i = digit - '1';
  if (i < 0 || i >= k->m->level || k->m->capture[i].n == HOST_CAPTURE_OPEN)
    return refuse(k, MATCH_CAPTURE_INDEX);
  int n = k->m->capture[i].n;
  if (n < 0 || k->end - s < n || !spend(k, 1 + n / SKIPPED_BYTES)) return NULL;
  return memcmp(k->text + k->m->capture[i].from, s, (size_t)n) == 0 ? s + n : NULL;
}

/* ---- %b and %f ---- */

static const byte *balanced(matcher *k, const byte *s, const byte *p) {
  int deep = 1;
  if (!at(k, p) || !at(k, p + 1)) return refuse(k, MATCH_UNBALANCED);
  if (s >= k->end || *s != *p) return NULL;
  while (++s < k->end && spend(k, 1)) {
    if (*s == p[1]) {
      if (--deep == 0) return s + 1;
    } else if (*s == *p) {
      deep++;
    }
  }
  return NULL;
}

/* %f[set]: where the pattern continues, if s is at a transition into the set. */
static const byte *frontier(matcher *k, const byte *s, const byte *p) {
  if (at(k, p) != '[') return refuse(k, MATCH_NO_SET);
  const byte *item = item_end(k, p);
  if (!item || !spend(k, 2 * (item - p))) return NULL;
  byte before = s == k->text ? 0 : s[-1], here = s < k->end ? *s : 0;
  return !in_set(before, p, item - 1) && in_set(here, p, item - 1) ? item : NULL;
}

/* ---- one match at one place ---- */

/* One item with its repetition.  True: a single item has matched; continue after it. */
static bool plain_item(matcher *k, const byte **s, const byte **p, const byte **end) {
  const byte *item = item_end(k, *p);
  *end = NULL;
  if (!item) return false;
  switch (at(k, item)) {
  case '?': *end = optional(k, *s, *p, item); return false;
  case '*': *end = as_many_as_possible(k, *s, *p, item); return false;
  case '+': *end = single(k, *s, *p, item) ? as_many_as_possible(k, *s + 1, *p, item) : NULL; return false;
  case '-': *end = as_few_as_possible(k, *s, *p, item); return false;
  default: break;
  }
  if (!single(k, *s, *p, item)) return false;
  *s += 1;
  *p = item;
  return true;
}

/* %b, %f and %1, which match more than one character.
 * True: continue at *s and *p, unless *s is NULL. */
static bool special_item(matcher *k, const byte **s, const byte **p) {
  byte c = at(k, *p + 1);
  if (c == 'b') {
    *s = balanced(k, *s, *p + 2);
    *p += 4;
  } else if (c == 'f') {
    *p = frontier(k, *s, *p + 2);
    if (!*p) *s = NULL;
  } else if (between(c, '0', '9')) {
    *s = captured(k, *s, c);
    *p += 2;
  } else {
    return false;
  }
  return true;
}

static const byte *match_on(matcher *k, const byte *s, const byte *p) {
  const byte *end;
  while (s && spend(k, 1)) {
    switch (at(k, p)) {
    case 0: return s;
    case '(':
      if (at(k, p + 1) == ')') return open_capture(k, s, p + 2, HOST_CAPTURE_POSITION);
      return open_capture(k, s, p + 1, HOST_CAPTURE_OPEN);
    case ')': return close_capture(k, s, p + 1);
    case '$':
      if (!at(k, p + 1)) return s == k->end ? s : NULL;
      break;
    case ESCAPE:
      if (special_item(k, &s, &p)) continue;
      break;
    default: break;
    }
    if (!plain_item(k, &s, &p, &end)) return end;
  }
  return NULL;
}

/* The end of a match of p at s; NULL: no match. */
static const byte *match(matcher *k, const byte *s, const byte *p) {
  if (++k->depth > DEPTH_MAX) return refuse(k, MATCH_DEPTH);
  const byte *end = match_on(k, s, p);
  k->depth--;
  return end;
}

/* ---- searching for the first match ---- */

/* Does the pattern begin with a literal character?  Then matches begin only where that occurs. */
static bool begins_plainly(const matcher *k, const byte *p) {
  byte c = at(k, p), next = c ? at(k, p + 1) : 0;
  return c && !memchr(specials, c, SPECIALS) && c != ')' && next != '*' && next != '?' && next != '-';
}

static const byte *next_start(matcher *k, const byte *s, const byte *p) {
  const byte *found = s < k->end ? memchr(s, *p, (size_t)(k->end - s)) : NULL;
  spend(k, 1 + ((found ? found : k->end) - s) / SKIPPED_BYTES);
  return found;
}

/* Skips a "(" at the start of the pattern. */
static const byte *behind_capture(const matcher *k, const byte *p) {
  return at(k, p) == '(' && at(k, p + 1) != ')' ? p + 1 : p;
}

/* The end of the pattern's first item, at p, if it is a
 * class or set that every match begins with. */
static const byte *begins_with_item(matcher *k, const byte *p) {
  byte c = at(k, p), name = c ? at(k, p + 1) : 0;
  bool is_class = c == ESCAPE && name && name != 'b' && name != 'f' && !between(name, '0', '9');
  const byte *item = is_class || c == '[' ? item_end(k, p) : NULL;
  byte next = item ? at(k, item) : 0;
  return next != '*' && next != '?' && next != '-' ? item : NULL;
}

/* The next character that the item matches.  Costs as much as a failed
 * match at each place skipped, of which `steps` are not for the item. */
static const byte *next_of_item(matcher *k, const byte *s, const byte *p, const byte *item, int steps) {
  int64_t price = steps + (item - p), most = k->steps / price + 1;
  const byte *from = s, *stop = k->end - s > most ? s + most : k->end;
  while (s < stop && !in_item(*s, p, item)) s++;
  return spend(k, (s - from) * price) && s < stop ? s : NULL;
}

static int search(matcher *k, const byte *s, const byte *p, bool once) {
  bool plainly = !once && begins_plainly(k, p);
  const byte *first = behind_capture(k, p), *item = once || plainly ? NULL : begins_with_item(k, first);
  if (k->failed) return k->failed;
  for (; s <= k->end; s++) {
    if (plainly && !(s = next_start(k, s, p))) break;
    if (item && !(s = next_of_item(k, s, first, item, first > p ? 2 : 1))) break;
    k->m->level = k->depth = 0;
    const byte *end = match(k, s, p);
    if (k->failed) break;
    if (end) {
      k->m->from = (int32_t)(s - k->text);
      k->m->to = (int32_t)(end - k->text);
      return 1;
    }
    if (once) break;
  }
  return k->failed;
}

static int search_plain(matcher *k, const byte *s, const byte *p, size_t n) {
  const byte *found = memmem(s, (size_t)(k->end - s), p, n);
  spend(k, 1 + (int64_t)n / SKIPPED_BYTES + ((found ? found : k->end) - s) / SKIPPED_BYTES);
  if (k->failed || !found) return k->failed;
  k->m->level = 0;
  k->m->from = (int32_t)(found - k->text);
  k->m->to = k->m->from + (int32_t)n;
  return 1;
}

static bool has_specials(const host_str *pattern) {
  for (uint32_t i = 0; i < pattern->n; i++)
    if (pattern->p[i] && memchr(specials, pattern->p[i], SPECIALS)) return true;
  return false;
}

int host_match(host_str *text, host_str *pattern, int from, int mode, host_found *m) {
  const byte *t = (const byte *)(text->n ? text->p : ""), *p = (const byte *)(pattern->n ? pattern->p : "");
  matcher k = {.text = t, .end = t + text->n, .pattern_end = p + pattern->n, .m = m};
  if (text->n > INT32_MAX / 2 || pattern->n > INT32_MAX / 2 || !(m->steps >= 0)) return HOST_EINVAL;
  if (from < 0 || (uint32_t)from > text->n) return HOST_EINVAL;
  k.steps = m->steps < 1e15 ? (int64_t)m->steps : (int64_t)1e15;
  bool plain = mode == HOST_MATCH_PLAIN || (mode == HOST_MATCH_FIND && !has_specials(pattern));
  bool once = !plain && mode != HOST_MATCH_NEXT && at(&k, p) == '^';
  m->why = 0;
  int found = plain ? search_plain(&k, t + from, p, pattern->n) : search(&k, t + from, p + once, once);
  m->steps = k.steps > 0 ? (double)k.steps : 0;
  return found;
}

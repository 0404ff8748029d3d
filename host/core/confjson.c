/* SPDX-License-Identifier: MIT
 * confjson.c -- see confjson.h.  Reads objects of strings, numbers, booleans, null and lists into
 * calls.  Owns nothing; allocates nothing. */
#include "core/confjson.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

FILE *confjson_out;

enum { DEPTH_MAX = 8, NAME_MAX_BYTES = 256, TEXT_MAX = 16384 };

typedef struct {
  const char *file, *p, *begin, *end;
  int line;
  char name[NAME_MAX_BYTES];
  size_t name_n;
  char text[TEXT_MAX];
  confjson_fn fn;
  void *ctx;
} parser;

static int fail(const parser *s, const char *what) {
  fprintf(confjson_out ? confjson_out : stderr, "%s:%d: %s\n", s->file, s->line, what);
  return -1;
}

static int skip_block_comment(parser *s) {
  int opened = s->line;
  for (s->p += 2; s->end - s->p >= 2; s->p++) {
    if (*s->p == '\n') s->line++;
    if (s->p[0] == '*' && s->p[1] == '/') {
      s->p += 2;
      return 0;
    }
  }
  s->line = opened;
  return fail(s, "this comment does not end");
}

static int skip_space(parser *s) {
  while (s->p < s->end) {
    if (*s->p == '\n') s->line++;
    if (*s->p == '/' && s->end - s->p > 1 && s->p[1] == '/') {
      while (s->p < s->end && *s->p != '\n') s->p++;
    } else if (*s->p == '/' && s->end - s->p > 1 && s->p[1] == '*') {
      if (skip_block_comment(s)) return -1;
    } else if (strchr(" \t\r\n", *s->p) && *s->p) {
      s->p++;
    } else {
      return 0;
    }
  }
  return 0;
}

static bool at(const parser *s, char c) {
  return s->p < s->end && *s->p == c;
}

static int hex4(parser *s, uint32_t *out) {
  if (s->end - s->p < 4) return -1;
  *out = 0;
  for (int i = 0; i < 4; i++) {
    char c = *s->p++;
    uint32_t digit;
    if (c >= '0' && c <= '9') digit = (uint32_t)(c - '0');
    else if (c >= 'a' && c <= 'f') digit = (uint32_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') digit = (uint32_t)(c - 'A' + 10);
    else return -1;
    *out = *out << 4 | digit;
  }
  return 0;
}

static size_t utf8(char *to, uint32_t c) {
  if (c < 0x80) {
    to[0] = (char)c;
    return 1;
  }
  size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = n; i-- > 1; c >>= 6) to[i] = (char)(0x80 | (c & 0x3f));
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  to[0] = (char)(lead[n] | c);
  return n;
}

/* After "\u"; a high surrogate consumes its low one too.  Returns the bytes written, 0 on error. */
static size_t unicode_escape(parser *s, char *to) {
  uint32_t c, low;
  if (hex4(s, &c) || !c) return 0;
  if (c >= 0xdc00 && c <= 0xdfff) return 0;
  if (c >= 0xd800 && c <= 0xdbff) {
    if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u') return 0;
    s->p += 2;
    if (hex4(s, &low) || low < 0xdc00 || low > 0xdfff) return 0;
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  return utf8(to, c);
}

static size_t escape(parser *s, char *to) {
  static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
  if (s->p == s->end) return 0;
  char c = *s->p++;
  if (c == 'u') return unicode_escape(s, to);
  const char *hit = c ? strchr(from, c) : NULL;
  if (!hit) return 0;
  *to = into[hit - from];
  return 1;
}

static int string(parser *s, char *to, size_t max) {
  size_t n = 0;
  for (s->p++; s->p < s->end && *s->p != '"';) {
    if (n + 5 > max) return fail(s, "this text is too long");
    unsigned char c = (unsigned char)*s->p;
    if (c == '\n') return fail(s, "this text does not end on its line: a \" is missing");
    if (c < 0x20) return fail(s, "a control character in a text must be written as an escape");
    if (c != '\\') {
      to[n++] = *s->p++;
      continue;
    }
    s->p++;
    size_t k = escape(s, to + n);
    if (!k) return fail(s, "this escape in a text is not valid JSON");
    n += k;
  }
  if (s->p == s->end) return fail(s, "this text does not end: a \" is missing");
  s->p++;
  to[n] = 0;
  return 0;
}

/* Copies true, false, null or a number to `to`; returns its type, or -1. */
static int word(parser *s, char *to, size_t max) {
  size_t n = 0;
  while (s->p < s->end && n + 1 < max && *s->p && !strchr(" \t\r\n,}]/:\"", *s->p))
    to[n++] = *s->p++;
  to[n] = 0;
  if (!strcmp(to, "true") || !strcmp(to, "false")) return CONFJSON_BOOL;
  if (!strcmp(to, "null")) return CONFJSON_NULL;
  if (n && strspn(to, "0123456789+-.eE") == n) return CONFJSON_NUMBER;
  return fail(s, "a value must be a \"text\", a number, true, false, null, [ .. ] or { .. }");
}

/* ---- lists: copied to `text` without comments ---- */

typedef struct { char *at; size_t room; } copy;

static int put(parser *s, copy *c, const char *p, size_t n) {
  if (n >= c->room) return fail(s, "this list is too long");
  memcpy(c->at, p, n);
  c->at += n;
  c->room -= n;
  *c->at = 0;
  return 0;
}

/* Verbatim: it is JSON already. */
static int copy_string(parser *s, copy *c) {
  const char *from = s->p;
  if (string(s, c->at, c->room)) return -1;
  return put(s, c, from, (size_t)(s->p - from));
}

static int copy_value(parser *s, copy *c, int depth);

/* After the opening bracket: elements or members, and the closing bracket. */
static int copy_elements(parser *s, copy *c, char close, int depth) {
  if (skip_space(s)) return -1;
  for (bool first = true; !at(s, close); first = false) {
    if (s->p == s->end) return fail(s, "the file ends inside of a list");
    if (!first && put(s, c, ",", 1)) return -1;
    if (close == '}') {
      if (!at(s, '"')) return fail(s, "expected a name in quotes");
      if (copy_string(s, c) || skip_space(s)) return -1;
      if (!at(s, ':')) return fail(s, "expected : after a name");
      s->p++;
      if (put(s, c, ":", 1) || skip_space(s)) return -1;
    }
    if (copy_value(s, c, depth) || skip_space(s)) return -1;
    if (at(s, ',')) s->p++;
    else if (!at(s, close)) return fail(s, "expected , or the end of the list");
    if (skip_space(s)) return -1;
  }
  s->p++;
  return put(s, c, &close, 1);
}

static int copy_value(parser *s, copy *c, int depth) {
  if (at(s, '"')) return copy_string(s, c);
  if (at(s, '[') || at(s, '{')) {
    char open = *s->p++;
    if (depth >= DEPTH_MAX) return fail(s, "nested too deep");
    return put(s, c, &open, 1) || copy_elements(s, c, open == '[' ? ']' : '}', depth + 1) ? -1 : 0;
  }
  char text[64];
  return word(s, text, sizeof text) < 0 || put(s, c, text, strlen(text)) ? -1 : 0;
}

/* ---- values ---- */

static int object(parser *s, int depth, size_t *members);

static int typed(parser *s, int depth, size_t *members) {
  copy c = {s->text, sizeof s->text};
  s->text[0] = 0;
  if (at(s, '{')) {
    if (depth >= DEPTH_MAX) return fail(s, "nested too deep");
    int failed = object(s, depth + 1, members);
    s->text[0] = 0;
    return failed ? -1 : CONFJSON_OBJECT;
  }
  if (at(s, '[')) return copy_value(s, &c, depth) ? -1 : CONFJSON_LIST;
  if (at(s, '"')) return string(s, s->text, sizeof s->text) ? -1 : CONFJSON_STRING;
  return word(s, s->text, sizeof s->text);
}

static int value(parser *s, int depth) {
  size_t from = (size_t)(s->p - s->begin), members = 0;
  int line = s->line, type = typed(s, depth, &members);
  if (type < 0) return -1;
  s->fn(s->ctx, &(confjson_value){s->name, line, (confjson_type)type, s->text, from,
                                  (size_t)(s->p - s->begin), members});
  return 0;
}

/* Escapes dots: they separate keys in the dotted name. */
static int escape_key(parser *s, size_t from) {
  for (char *p = s->name + from; (p = strpbrk(p, ".%")); p += 3) {
    if (strlen(s->name) + 3 > sizeof s->name) return fail(s, "this name is too long");
    bool dot = *p == '.';
    memmove(p + 3, p + 1, strlen(p + 1) + 1);
    memcpy(p, dot ? "%2E" : "%25", 3);
  }
  return 0;
}

/* Reads "key": value, with `key` appended to the dotted name meanwhile. */
static int member(parser *s, int depth) {
  size_t outer = s->name_n;
  size_t n = outer;
  if (!at(s, '"')) return fail(s, "expected a setting's name in quotes");
  if (n) s->name[n++] = '.';
  if (sizeof s->name - n < 16) return fail(s, "this name is too long");
  if (string(s, s->name + n, sizeof s->name - n - 1) || escape_key(s, n)) return -1;
  s->name_n = strlen(s->name);
  if (skip_space(s)) return -1;
  if (!at(s, ':')) return fail(s, "expected : after a setting's name");
  s->p++;
  if (skip_space(s) || value(s, depth)) return -1;
  s->name_n = outer;
  s->name[outer] = 0;
  return skip_space(s);
}

static int object(parser *s, int depth, size_t *members) {
  s->p++;
  if (skip_space(s)) return -1;
  while (!at(s, '}')) {
    if (s->p == s->end) return fail(s, "the file ends inside { .. }");
    if (member(s, depth)) return -1;
    (*members)++;
    if (at(s, ',')) {
      s->p++;
      if (skip_space(s)) return -1;
    } else if (!at(s, '}')) {
      return fail(s, "expected , or } after a setting");
    }
  }
  s->p++;
  return 0;
}

/* Names encodings that editors save unasked and that look the same on screen. */
static int check_encoding(const parser *s) {
  size_t n = (size_t)(s->end - s->p);
  if (n >= 3 && !memcmp(s->p, "\xef\xbb\xbf", 3))
    return fail(s, "the file begins with a byte order mark (BOM): save it as UTF-8 without one");
  if (n >= 2 && (!memcmp(s->p, "\xff\xfe", 2) || !memcmp(s->p, "\xfe\xff", 2)))
    return fail(s, "the file is UTF-16 (it begins with its byte order mark, BOM): save it as UTF-8");
  if (memchr(s->p, 0, n)) return fail(s, "the file holds NUL bytes: save it as UTF-8");
  return 0;
}

int confjson_parse(const char *file, const char *text, size_t n, confjson_fn fn, void *ctx) {
  parser s = {.file = file, .p = text, .begin = text, .end = text + n, .line = 1, .fn = fn, .ctx = ctx};
  if (check_encoding(&s) || skip_space(&s)) return -1;
  if (s.p == s.end) return 0; /* nothing but comments */
  if (!at(&s, '{')) return fail(&s, "a settings file is one { .. }");
  if (value(&s, 0) || skip_space(&s)) return -1;
  return s.p == s.end ? 0 : fail(&s, "something follows the closing }");
}

/* SPDX-License-Identifier: MIT
 * confjson.c -- see confjson.h.  Reads objects of strings, numbers, booleans and null into calls;
 * a list is refused, no setting is one.  Owns nothing; allocates nothing. */
#include "core/confjson.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 8, NAME_MAX_BYTES = 256, TEXT_MAX = 8192 };

typedef struct {
  const char *file, *p, *end;
  int line;
  char name[NAME_MAX_BYTES];
  size_t name_n;
  char text[TEXT_MAX];
  confjson_fn fn;
  void *ctx;
} parser;

static int fail(const parser *s, const char *what) {
  fprintf(stderr, "%s:%d: %s\n", s->file, s->line, what);
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

/* Behind "\u"; a high surrogate takes its low one along.  Returns bytes written, 0 on error. */
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

static int word(parser *s) {
  size_t n = 0;
  while (s->p < s->end && n + 1 < sizeof s->text && *s->p && !strchr(" \t\r\n,}]/:\"", *s->p))
    s->text[n++] = *s->p++;
  s->text[n] = 0;
  confjson_type type;
  if (!strcmp(s->text, "true") || !strcmp(s->text, "false")) type = CONFJSON_BOOL;
  else if (!strcmp(s->text, "null")) type = CONFJSON_NULL;
  else if (n && strspn(s->text, "0123456789+-.eE") == n) type = CONFJSON_NUMBER;
  else return fail(s, "a value must be a \"text\", a number, true, false, null or { .. }");
  s->fn(s->ctx, s->name, s->line, type, s->text);
  return 0;
}

static int object(parser *s, int depth);

static int value(parser *s, int depth) {
  if (at(s, '{')) return depth < DEPTH_MAX ? object(s, depth + 1) : fail(s, "nested too deep");
  if (at(s, '[')) return fail(s, "no setting takes a list");
  if (!at(s, '"')) return word(s);
  int line = s->line;
  if (string(s, s->text, sizeof s->text)) return -1;
  s->fn(s->ctx, s->name, line, CONFJSON_STRING, s->text);
  return 0;
}

/* "key": value, with `key` appended to the dotted name meanwhile. */
static int member(parser *s, int depth) {
  size_t outer = s->name_n;
  size_t n = outer;
  if (!at(s, '"')) return fail(s, "expected a setting's name in quotes");
  if (n) s->name[n++] = '.';
  if (sizeof s->name - n < 16) return fail(s, "this name is too long");
  if (string(s, s->name + n, sizeof s->name - n - 1)) return -1;
  s->name_n = strlen(s->name);
  if (skip_space(s)) return -1;
  if (!at(s, ':')) return fail(s, "expected : after a setting's name");
  s->p++;
  if (skip_space(s) || value(s, depth)) return -1;
  s->name_n = outer;
  s->name[outer] = 0;
  return skip_space(s);
}

static int object(parser *s, int depth) {
  s->p++;
  if (skip_space(s)) return -1;
  while (!at(s, '}')) {
    if (s->p == s->end) return fail(s, "the file ends inside { .. }");
    if (member(s, depth)) return -1;
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

/* Editors of other systems save what looks the same. */
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
  parser s = {.file = file, .p = text, .end = text + n, .line = 1, .fn = fn, .ctx = ctx};
  if (check_encoding(&s) || skip_space(&s)) return -1;
  if (s.p == s.end) return 0; /* nothing but comments */
  if (!at(&s, '{')) return fail(&s, "a settings file is one { .. }");
  if (object(&s, 1) || skip_space(&s)) return -1;
  return s.p == s.end ? 0 : fail(&s, "something follows the closing }");
}

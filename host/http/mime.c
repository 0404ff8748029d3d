/* SPDX-License-Identifier: MIT
 * mime.c -- see mime.h.  Owns: the table of types. */
#include "http/mime.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ENDING_MAX = 16, HASH_MIN = 8, HASH_MAX = 64 };
#define UTF8 "; charset=utf-8"

static const mime types[] = { /* sorted by extension */
    {"avif", "image/avif", false},
    {"bin", "application/octet-stream", false},
    {"bmp", "image/bmp", true},
    {"css", "text/css" UTF8, true},
    {"csv", "text/csv" UTF8, true},
    {"eot", "application/vnd.ms-fontobject", true},
    {"gif", "image/gif", false},
    {"gz", "application/gzip", false},
    {"htm", "text/html" UTF8, true},
    {"html", "text/html" UTF8, true},
    {"ico", "image/x-icon", true},
    {"jpeg", "image/jpeg", false},
    {"jpg", "image/jpeg", false},
    {"js", "text/javascript" UTF8, true},
    {"json", "application/json" UTF8, true},
    {"map", "application/json" UTF8, true},
    {"md", "text/markdown" UTF8, true},
    {"mjs", "text/javascript" UTF8, true},
    {"mp3", "audio/mpeg", false},
    {"mp4", "video/mp4", false},
    {"ogg", "audio/ogg", false},
    {"otf", "font/otf", true},
    {"pdf", "application/pdf", false},
    {"png", "image/png", false},
    {"svg", "image/svg+xml" UTF8, true},
    {"tar", "application/x-tar", true},
    {"ttf", "font/ttf", true},
    {"txt", "text/plain" UTF8, true},
    {"wasm", "application/wasm", true},
    {"wav", "audio/wav", false},
    {"webm", "video/webm", false},
    {"webmanifest", "application/manifest+json" UTF8, true},
    {"webp", "image/webp", false},
    {"woff", "font/woff", false},
    {"woff2", "font/woff2", false},
    {"xhtml", "application/xhtml+xml" UTF8, true},
    {"xml", "application/xml" UTF8, true},
    {"zip", "application/zip", false},
};

static int by_ending(const void *ending, const void *type) {
  return strcasecmp(ending, ((const mime *)type)->ending);
}

static const char *base_of(const char *name, size_t *n) {
  const char *slash = memrchr(name, '/', *n);
  if (!slash) return name;
  *n -= (size_t)(slash + 1 - name);
  return slash + 1;
}

const mime *mime_of(const char *name, size_t n) {
  static const mime other = {"", "application/octet-stream", false};
  char ending[ENDING_MAX];
  const char *base = base_of(name, &n), *dot = memrchr(base, '.', n);
  size_t k = dot ? n - (size_t)(dot + 1 - base) : 0;
  if (!k || k >= sizeof ending) return &other;
  memcpy(ending, dot + 1, k);
  ending[k] = 0;
  const mime *m = bsearch(ending, types, sizeof types / sizeof *types, sizeof *types, by_ending);
  return m ? m : &other;
}

/* Mixes letters and digits as no word does: alternates at
 * least twice, or has both cases and a digit. */
static bool is_hash(const char *p, size_t n) {
  size_t digits = 0, upper = 0, lower = 0, changes = 0;
  if (n < HASH_MIN || n > HASH_MAX) return false;
  for (size_t i = 0; i < n; i++) {
    if (isdigit((unsigned char)p[i])) digits++;
    else if (isupper((unsigned char)p[i])) upper++;
    else lower++;
    if (i && !isdigit((unsigned char)p[i]) != !isdigit((unsigned char)p[i - 1])) changes++;
  }
  return changes >= 2 || (digits && upper && lower);
}

bool mime_is_hashed(const char *name, size_t n) {
  const char *base = base_of(name, &n), *dot = memrchr(base, '.', n);
  size_t from = n;
  if (!dot) return false;
  for (size_t i = 0; i <= n; i++) { /* each part between a "-" or "." and a "." */
    bool word = i < n && (isalnum((unsigned char)base[i]) || base[i] == '_');
    if (word) continue;
    if (i < n && from < i && base[i] == '.' && is_hash(base + from, i - from)) return true;
    from = i < n && (base[i] == '-' || base[i] == '.') ? i + 1 : n;
  }
  return false;
}

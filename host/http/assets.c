/* SPDX-License-Identifier: MIT
 * assets.c -- see assets.h.  Answers with compiled-in files at once; assetfile.c serves files from
 * directories.
 *
 * Owns: the hashes of compiled-in files.  Must never: let a name from a client reach outside its tree. */
#include "http/assets.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/beneath.h"
#include "core/buf.h"
#include "core/utf8.h"
#include "http/mime.h"
#include "http/respond.h"
#include "net/conn.h"

enum { HASH = 16, TREE_MAX = 64 };
const char *const assets_endings[PRECOND_CODINGS] = {"", ".gz", ".br"};

/* ---- paths ---- */

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes once; -1 when an escape is malformed. */
static int decode(const host_str *raw, char *to) {
  int n = 0;
  for (uint32_t i = 0; i < raw->n; i++) {
    char c = raw->p[i];
    if (c == '%') {
      int hi = i + 2 < raw->n ? hex(raw->p[i + 1]) : -1, lo = hi < 0 ? -1 : hex(raw->p[i + 2]);
      if (lo < 0) return -1;
      c = (char)(hi << 4 | lo);
      i += 2;
    }
    to[n++] = c;
  }
  return n;
}

static bool is_dots(const char *p, size_t n) {
  return (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.');
}

static bool is_shown(const char *p, size_t n) {
  static const char known[] = ".well-known"; /* RFC 8615 */
  return *p != '.' || (n == sizeof known - 1 && !memcmp(p, known, n));
}

/* Empty parts are dropped, as in "a//b"; a final "/" stays. */
int host_asset_path(host_str *raw, host_str *out) {
  static char text[HTTP1_TARGET + 1], name[HTTP1_TARGET + 1];
  bool shown = true;
  int n = raw->n <= HTTP1_TARGET ? decode(raw, text) : -1;
  if (n < 0 || utf8_check(UTF8_OK, text, (size_t)n) != UTF8_OK) return HOST_EINVAL;
  for (int i = 0; i < n; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || text[i] == '\\') return HOST_EINVAL;
  size_t length = 0;
  text[n] = 0;
  for (char *p = text + strspn(text, "/"); *p;) {
    size_t k = strcspn(p, "/"), gap = strspn(p + k, "/");
    if (is_dots(p, k)) return HOST_EINVAL;
    shown = shown && is_shown(p, k);
    memcpy(name + length, p, k + (gap > 0));
    length += k + (gap > 0);
    p += k + gap;
  }
  *out = (host_str){name, (uint32_t)length};
  if (length && name[length - 1] == '/') length--;
  return shown && (!length || beneath_ok(name, length)) ? 0 : HOST_EDENIED;
}

/* ---- the answer ---- */

bool assets_method_ok(const request *r) {
  return r->h.method == HOST_GET || r->h.method == HOST_HEAD;
}

static bool is_private(const asset *a) {
  return a->flags & HOST_ASSET_PRIVATE;
}

static void put_vary(buf *b, const asset *a, bool packs) {
  bool by_accept = a->flags & HOST_ASSET_FALLBACK;
  if (packs || by_accept)
    buf_fmt(b, "vary: %s%s%s\r\n", by_accept ? "accept" : "", by_accept && packs ? ", " : "",
            packs ? "accept-encoding" : "");
}

/* These headers go out with a 304, too (RFC 9110, 15.4.5). */
static void put_validators(buf *b, const asset *a, const mime *type) {
  char date[32];
  bool fixed = !(a->flags & HOST_ASSET_FALLBACK) &&
               (a->flags & HOST_ASSET_IMMUTABLE || mime_is_hashed(a->name, strlen(a->name)));
  buf_fmt(b, "etag: %s\r\ncache-control: %s\r\n", a->etag,
          is_private(a) ? "private, no-cache" : fixed ? "public, max-age=31536000, immutable" : "no-cache");
  if (a->modified) {
    precond_date(a->modified, date);
    buf_fmt(b, "last-modified: %s\r\n", date);
  }
  if (!is_private(a)) put_vary(b, a, type->packs);
}

static void put_content(buf *b, const asset *a, const mime *type, int status, uint64_t from, uint64_t n) {
  if (status == 416) buf_fmt(b, "content-range: bytes */%llu\r\n", (unsigned long long)a->size);
  if (status >= 300) return;
  if (!is_private(a)) buf_fmt(b, "content-type: %s\r\n", type->type);
  buf_str(b, "accept-ranges: bytes\r\n");
  if (a->coding != PRECOND_IDENTITY)
    buf_fmt(b, "content-encoding: %s\r\n", a->coding == PRECOND_GZIP ? "gzip" : "br");
  if (status == 206)
    buf_fmt(b, "content-range: bytes %llu-%llu/%llu\r\n", (unsigned long long)from,
            (unsigned long long)(from + n - 1), (unsigned long long)a->size);
}

/* The file's own header lines, then those of the caller. */
static int put_head(buf *b, const asset *a, const host_str *headers, int status, uint64_t from, uint64_t n) {
  const mime *type = mime_of(a->name, strlen(a->name));
  b->n = 0;
  put_content(b, a, type, status, from, n);
  put_validators(b, a, type);
  return buf_add(b, headers->p, headers->n);
}

static void drop_source(asset *a) {
  if (a->source.fd >= 0) close(a->source.fd);
  a->source.fd = -1;
}

/* The first bytes go out with the head, the rest of a longer body after them. */
static int send_body(request *r, asset *a, const respond_spec *s, uint64_t from, uint64_t n) {
  const char *p = a->source.p ? a->source.p + from : a->first;
  size_t now = a->source.p ? TRANSFER_PIECE : from ? 0 : a->first_n;
  if (now > n) now = (size_t)n;
  char *to = respond_head(r->c, s, now);
  if (!to) {
    drop_source(a);
    conn_close(r->c);
    request_retire(r);
    return HOST_EFULL;
  }
  if (now) memcpy(to, p, now);
  r->c->out.n += now;
  a->source.from = from + now;
  a->source.n = n - now;
  if (a->source.n) {
    transfer_begin(r, &a->source, s->keep);
  } else {
    drop_source(a);
    request_answered(r, s->keep);
  }
  return s->status;
}

int assets_answer(request *r, asset *a, const host_str *headers, uint64_t *sent) {
  static buf head;
  precond_target target = {a->etag, a->modified, a->size};
  respond_spec s;
  uint64_t from, n;
  int status = precond_status(&r->h, &target, &from, &n);
  if (status >= 300) from = n = 0;
  host_str lines = {0};
  int e = put_head(&head, a, headers, status, from, n) ? HOST_EFULL : 0;
  if (!e) lines = (host_str){head.p, (uint32_t)head.n};
  if (!e) e = request_begin(r, status, &lines, &s);
  if (!e && !r->c) {
    request_retire(r);
    e = HOST_EGONE;
  }
  if (e) {
    drop_source(a);
    return e;
  }
  s.sized = status != 304;
  s.length = n;
  *sent = r->h.method == HOST_HEAD ? 0 : n;
  return send_body(r, a, &s, from, *sent);
}

/* ---- compiled-in files ---- */

static int by_name(const void *name, const void *file) {
  return strcmp(name, ((const assets_file *)file)->name);
}

static const assets_file *find(const char *name) {
  return bsearch(name, assets_files, assets_count, sizeof *assets_files, by_name);
}

/* The hash of its contents, computed once. */
static const char *hash_of(const assets_file *f) {
  static char (*made)[HASH + 1];
  unsigned char raw[SHA256_DIGEST_LENGTH];
  if (!made) made = calloc(assets_count, sizeof *made);
  if (!made) return NULL;
  char *hash = made[f - assets_files];
  if (*hash) return hash;
  SHA256((const unsigned char *)assets_bytes + f->in[0].from, f->in[0].n, raw);
  for (int i = 0; i < HASH / 2; i++) snprintf(hash + 2 * (size_t)i, 3, "%02x", raw[i]);
  return hash;
}

static int answer(request *r, const assets_file *f, int flags, const host_str *headers, uint64_t *sent) {
  unsigned there = (f->in[PRECOND_GZIP].n ? 1u << PRECOND_GZIP : 0) |
                   (f->in[PRECOND_BROTLI].n ? 1u << PRECOND_BROTLI : 0);
  int c = precond_coding(&r->h, there);
  const char *hash = hash_of(f);
  if (!hash) return HOST_EFULL;
  asset a = {.name = f->name, .size = f->in[c].n, .coding = c, .flags = flags,
             .source = {.p = assets_bytes + f->in[c].from, .fd = -1}};
  snprintf(a.etag, sizeof a.etag, "\"%s%s\"", hash, assets_endings[c]);
  return assets_answer(r, &a, headers, sent);
}

int host_asset_tree(host_str *tree) {
  for (size_t i = 0; i < assets_count; i++) {
    const char *name = assets_files[i].name;
    if (!strncmp(name, tree->p, tree->n) && name[tree->n] == '/') return 1;
  }
  return 0;
}

int host_asset_embedded(host_id req, host_str *tree, host_str *path, int flags, host_str *headers,
                        host_str *sent) {
  static char bytes[24];
  char name[TREE_MAX + BENEATH_NAME + 32];
  bool is_directory = !path->n || path->p[path->n - 1] == '/';
  request *r = request_in_flight(req);
  uint64_t n = 0;
  if (!r) return HOST_EGONE;
  if (tree->n > TREE_MAX || path->n > BENEATH_NAME) return HOST_ASSET_NONE;
  int k = snprintf(name, sizeof name, "%.*s/%.*s%s", (int)tree->n, tree->p, (int)path->n, path->p,
                   is_directory ? "index.html" : "");
  const assets_file *f = find(name);
  if (!f && !is_directory) {
    snprintf(name + k, sizeof name - (size_t)k, "/index.html");
    if (find(name)) return HOST_ASSET_DIRECTORY;
  }
  if (!f) return HOST_ASSET_NONE;
  if (!assets_method_ok(r)) return HOST_ASSET_METHOD;
  int status = answer(r, f, flags, headers, &n);
  *sent = (host_str){bytes, (uint32_t)snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)n)};
  return status;
}

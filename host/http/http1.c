/* SPDX-License-Identifier: MIT
 * http1.c -- see http1.h.  llhttp parses the head; this file then checks
 * all of it again and refuses everything that two parsers could interpret
 * differently (RFC 9112, sections 2.2, 5.1, 6.3, 11.2), whichever version
 * of llhttp is linked and however it was compiled.  Bodies: http1body.c.
 *
 * Owns: the head.  Must never: accept anything ambiguous. */
#include "http/http1.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host_api.h"
#include "http/http1body.h"

/* ---- llhttp's callbacks ---- */

static http1 *self(llhttp_t *p) {
  return (http1 *)((char *)p - offsetof(http1, parser));
}

static int refuse(http1 *h, int status) {
  h->refused = status;
  return -1;
}

static void extend(http1 *h, uint16_t *start, uint16_t *length, const char *at, size_t n) {
  size_t offset = (size_t)(at - h->head.p);
  if (!*length) *start = (uint16_t)offset;
  *length = (uint16_t)(offset + n - *start);
}

static int on_url(llhttp_t *p, const char *at, size_t n) {
  http1 *h = self(p);
  extend(h, &h->target, &h->target_n, at, n);
  return h->target_n > HTTP1_TARGET ? refuse(h, 414) : 0;
}

static int on_field(llhttp_t *p, const char *at, size_t n) {
  http1 *h = self(p);
  http1_header *f = &h->header[h->count];
  extend(h, &f->name, &f->name_n, at, n);
  return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n) {
  http1 *h = self(p);
  http1_header *f = &h->header[h->count];
  extend(h, &f->value, &f->value_n, at, n);
  return 0;
}

static int on_value_complete(llhttp_t *p) {
  http1 *h = self(p);
  http1_header *f = &h->header[h->count];
  const char *v = h->head.p + f->value;
  while (f->value_n && (v[f->value_n - 1] == ' ' || v[f->value_n - 1] == '\t')) f->value_n--;
  if (++h->count > HTTP1_HEADERS) return refuse(h, 431);
  h->header[h->count] = (http1_header){0};
  return 0;
}

static int on_headers_complete(llhttp_t *p) {
  (void)p;
  return HPE_PAUSED; /* we parse the body ourselves */
}

static const llhttp_settings_t *settings(void) {
  static llhttp_settings_t s;
  if (!s.on_url) {
    llhttp_settings_init(&s);
    s.on_url = on_url;
    s.on_header_field = on_field;
    s.on_header_value = on_value;
    s.on_header_value_complete = on_value_complete;
    s.on_headers_complete = on_headers_complete;
  }
  return &s;
}

void http1_start(http1 *h, size_t head_max, size_t body_max) {
  if (h->head.max != head_max) buf_free(&h->head);
  buf_free(&h->body);
  h->head.max = head_max < HTTP1_HEAD_MAX ? head_max : HTTP1_HEAD_MAX;
  h->head_max = (uint32_t)h->head.max;
  h->head.n = 0;
  h->body_max = body_max;
  h->left = h->taken = 0;
  h->framing = 0;
  h->target = h->target_n = h->count = 0;
  h->state = HTTP1BODY_IN_HEAD;
  h->keep = h->chunked = h->has_body = h->websocket = h->expect = false;
  h->header[0] = (http1_header){0};
  h->refused = 0;
  h->fed = 0;
  llhttp_init(&h->parser, HTTP_REQUEST, settings());
}

void http1_free(http1 *h) {
  buf_free(&h->head);
  buf_free(&h->body);
}

bool http1_begun(const http1 *h) {
  for (size_t i = 0; i < h->head.n; i++) {
    if (h->head.p[i] != '\r' && h->head.p[i] != '\n') return true;
  }
  return false;
}

bool http1_complete(const http1 *h) {
  return http1body_complete(h);
}

bool http1_in_body(const http1 *h) {
  return h->state != HTTP1BODY_IN_HEAD;
}

/* ---- finding headers ---- */

const char *http1_value(const http1 *h, int i, size_t *n) {
  *n = h->header[i].value_n;
  return h->head.p + h->header[i].value;
}

int http1_find(const http1 *h, const char *name, size_t n, int from) {
  for (int i = from; i < h->count; i++) {
    const http1_header *f = &h->header[i];
    if (f->name_n == n && strncasecmp(h->head.p + f->name, name, n) == 0) return i;
  }
  return -1;
}

static bool list_has(const char *p, size_t n, const char *token) {
  size_t want = strlen(token);
  for (const char *end = p + n; p < end;) {
    const char *comma = memchr(p, ',', (size_t)(end - p));
    const char *stop = comma ? comma : end, *last = stop;
    while (p < last && (*p == ' ' || *p == '\t')) p++;
    while (last > p && (last[-1] == ' ' || last[-1] == '\t')) last--;
    if ((size_t)(last - p) == want && strncasecmp(p, token, want) == 0) return true;
    p = comma ? comma + 1 : end;
  }
  return false;
}

bool http1_has_token(const http1 *h, const char *name, const char *token) {
  size_t n = strlen(name), k;
  for (int i = http1_find(h, name, n, 0); i >= 0; i = http1_find(h, name, n, i + 1)) {
    const char *v = http1_value(h, i, &k);
    if (list_has(v, k, token)) return true;
  }
  return false;
}

/* The index of the only header of that name; -1 when there is none, -2 when there are several. */
static int only(const http1 *h, const char *name) {
  size_t n = strlen(name);
  int i = http1_find(h, name, n, 0);
  return i >= 0 && http1_find(h, name, n, i + 1) >= 0 ? -2 : i;
}

static bool value_is(const http1 *h, int i, const char *want) {
  size_t n;
  const char *v = http1_value(h, i, &n);
  return n == strlen(want) && strncasecmp(v, want, n) == 0;
}

/* ---- checking the head again ---- */

static bool is_token(unsigned char c) {
  static const char extra[] = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c && strchr(extra, c));
}

enum { IN_TOKEN = 1, IN_HOST = 2 };
enum { METHOD_MAX = 64 };

static uint8_t class_of[256];

static void fill_classes(void) {
  static const char never[] = "/?#@\\,<>\"{}|^`%[]:";
  for (int c = 1; c < 256; c++) {
    bool host = c > ' ' && c < 0x7f && !strchr(never, c);
    class_of[c] = (uint8_t)((is_token((unsigned char)c) ? IN_TOKEN : 0) | (host ? IN_HOST : 0));
  }
}

static bool all_in(int class, const char *p, size_t n) {
  int common = class;
  for (size_t i = 0; i < n; i++) common &= class_of[(unsigned char)p[i]];
  return common;
}

bool http1_token(const char *p, size_t n) {
  if (!class_of['a']) fill_classes();
  return n && all_in(IN_TOKEN, p, n);
}

/* No control character but TAB. */
static bool is_clean(const char *p, size_t n) {
  const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
  size_t i = 0;
  for (; n - i >= 8; i += 8) {
    uint64_t w, del;
    memcpy(&w, p + i, sizeof w);
    del = w ^ (ones * 0x7f);
    if ((((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & high) break;
  }
  for (; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

/* Every line ends with CR LF, none is folded, and there is no other control character. */
static bool lines_ok(const char *p, size_t n) {
  for (const char *end = p + n; p < end;) {
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    if (!lf || lf == p || lf[-1] != '\r' || *p == ' ' || *p == '\t') return false;
    if (!is_clean(p, (size_t)(lf - 1 - p))) return false;
    p = lf + 1;
  }
  return true;
}

static int check_request_line(const http1 *h) {
  const char *t = h->head.p + h->target, *after = t + h->target_n;
  size_t rest = h->head.n - h->target - h->target_n;
  if (!h->target_n || h->target < 2 || t[-1] != ' ' || t[-2] == ' ') return 400;
  for (size_t i = 0; i < h->target_n; i++) {
    if (t[i] <= ' ' || t[i] >= 0x7f || t[i] == '#') return 400;
  }
  if (rest < 11 || memcmp(after, " HTTP/", 6) != 0 || memcmp(after + 9, "\r\n", 2) != 0) return 400;
  if (memcmp(after + 6, "1.1", 3) != 0 && memcmp(after + 6, "1.0", 3) != 0) return 505;
  return 0;
}

/* uri-host [":" port] (RFC 9110, 7.2), without characters that no host name has, such as "%". */
static bool host_ok(const char *p, size_t n) {
  struct in6_addr any;
  char v6[INET6_ADDRSTRLEN];
  const char *end = p + n, *colon, *close = n && *p == '[' ? memchr(p, ']', n) : NULL;
  if (close) {
    size_t k = (size_t)(close - p - 1);
    if (k >= sizeof v6) return false;
    memcpy(v6, p + 1, k);
    v6[k] = '\0';
    colon = close + 1;
    if (strlen(v6) != k || inet_pton(AF_INET6, v6, &any) != 1) return false;
  } else {
    colon = n ? memchr(p, ':', n) : NULL;
    if (!colon) colon = end;
    if (colon == p || !all_in(IN_HOST, p, (size_t)(colon - p))) return false;
  }
  if (colon == end) return true;
  long port = 0;
  for (const char *d = colon + 1; d < end && port <= 65535; d++) {
    if (*d < '0' || *d > '9') return false;
    port = port * 10 + (*d - '0');
  }
  return *colon == ':' && port <= 65535;
}

/* RFC 9112, 3.2.2: the host in the target wins over the header. */
static int take_authority(http1 *h, size_t from, size_t n) {
  int i = http1_find(h, "host", 4, 0);
  if (!host_ok(h->head.p + from, n)) return 400;
  if (i < 0) return 0;
  h->header[i].value = (uint16_t)from;
  h->header[i].value_n = (uint16_t)n;
  return 0;
}

/* We must accept the absolute form (RFC 9112, 3.2.2); only its path is kept. */
static int strip_authority(http1 *h) {
  const char *t = h->head.p + h->target;
  size_t scheme = strncasecmp(t, "http://", 7) == 0 ? 7 : strncasecmp(t, "https://", 8) == 0 ? 8 : 0;
  if (*t == '/' || (h->target_n == 1 && *t == '*') || h->method == HOST_OTHER) return 0;
  if (!scheme || h->target_n <= scheme) return 400;
  const char *slash = memchr(t + scheme, '/', h->target_n - scheme);
  const char *query = memchr(t + scheme, '?', h->target_n - scheme);
  if (query && (!slash || query < slash)) return 400;
  size_t end = slash ? (size_t)(slash - t) : h->target_n;
  if (take_authority(h, h->target + scheme, end - scheme)) return 400;
  size_t skip = slash ? (size_t)(slash - t) : scheme - 1; /* no path: use a slash of "//" */
  h->target = (uint16_t)(h->target + skip);
  h->target_n = slash ? (uint16_t)(h->target_n - skip) : 1;
  return 0;
}

static int check_headers(const http1 *h) {
  for (int i = 0; i < h->count; i++) {
    const http1_header *f = &h->header[i];
    const char *name = h->head.p + f->name;
    if (!http1_token(name, f->name_n) || name[f->name_n] != ':') return 400;
  }
  int host = only(h, "host");
  if (host == -2 || (host == -1 && h->minor == 1)) return 400;
  if (host < 0) return 0;
  size_t n;
  const char *v = http1_value(h, host, &n);
  return host_ok(v, n) ? 0 : 400;
}

static int parse_length(const http1 *h, int i, uint64_t *length) {
  size_t n;
  const char *v = http1_value(h, i, &n);
  if (!n || n > 18) return 400;
  *length = 0;
  for (size_t k = 0; k < n; k++) {
    if (v[k] < '0' || v[k] > '9') return 400;
    *length = *length * 10 + (uint64_t)(v[k] - '0');
  }
  return 0;
}

/* RFC 9112, 6.3: the length of the body. */
static int check_framing(http1 *h) {
  int length = only(h, "content-length"), coding = only(h, "transfer-encoding");
  if (length == -2 || coding == -2 || (length >= 0 && coding >= 0)) return 400;
  if (coding >= 0) {
    if (h->minor == 0) return 400;
    if (!h->header[coding].value_n) return 400;
    if (!value_is(h, coding, "chunked")) return 501;
    h->chunked = h->has_body = true;
    return 0;
  }
  int status = length >= 0 ? parse_length(h, length, &h->left) : 0;
  h->has_body = h->left > 0;
  return status;
}

static int check_expect(http1 *h) {
  int i = only(h, "expect");
  if (i == -1 || h->minor == 0) return 0;
  if (i == -2 || !value_is(h, i, "100-continue")) return 417;
  h->expect = h->has_body;
  return 0;
}

/* 16 bytes in base64: 22 digits, of which the last has four zero bits, and "==". */
static bool is_key(const char *p, size_t n) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (n != 24 || p[22] != '=' || p[23] != '=') return false;
  for (int i = 0; i < 22; i++) {
    if (!p[i] || !strchr(digits, p[i])) return false;
  }
  return strchr("AQgw", p[21]) != NULL;
}

/* RFC 6455, 4.2.1.  Anything but a GET that asks for "websocket" is an ordinary request. */
static int check_websocket(http1 *h) {
  if (h->method != HOST_GET || h->minor != 1 || http1_find(h, "upgrade", 7, 0) < 0) return 0;
  if (!http1_has_token(h, "upgrade", "websocket")) return 0;
  if (!http1_has_token(h, "connection", "upgrade")) return 400;
  int version = only(h, "sec-websocket-version"), key = only(h, "sec-websocket-key");
  if (version < 0 || key < 0 || h->has_body) return version == -1 ? 426 : 400;
  if (!value_is(h, version, "13")) return 426;
  size_t n;
  const char *v = http1_value(h, key, &n);
  if (!is_key(v, n)) return 400;
  h->websocket = true;
  return 0;
}

static uint8_t method_of(uint8_t m) {
  switch (m) {
    case HTTP_GET: return HOST_GET;
    case HTTP_HEAD: return HOST_HEAD;
    case HTTP_POST: return HOST_POST;
    case HTTP_PUT: return HOST_PUT;
    case HTTP_DELETE: return HOST_DELETE;
    case HTTP_PATCH: return HOST_PATCH;
    case HTTP_OPTIONS: return HOST_OPTIONS;
    default: return HOST_OTHER;
  }
}

static int head_complete(http1 *h) {
  h->method = method_of(h->parser.method);
  int status = lines_ok(h->head.p, h->head.n) ? check_request_line(h) : 400;
  h->minor = status ? 0 : (uint8_t)(h->head.p[h->target + h->target_n + 8] - '0');
  if (!status) status = check_headers(h);
  if (!status) status = strip_authority(h);
  if (!status) status = check_framing(h);
  if (!status) status = check_expect(h);
  if (!status) status = check_websocket(h);
  if (status) return status;
  h->keep = !http1_has_token(h, "connection", "close") &&
            (h->minor == 1 || http1_has_token(h, "connection", "keep-alive"));
  h->state = HTTP1BODY_START;
  return HTTP1_HEAD;
}

/* ---- the head ---- */

/* Does llhttp accept this method? */
static bool is_known(const char *p, size_t n) {
  static const char *const usual[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
    if (strlen(usual[i]) == n && memcmp(usual[i], p, n) == 0) return true;
  llhttp_t trial;
  llhttp_init(&trial, HTTP_REQUEST, settings());
  return llhttp_execute(&trial, p, n) == HPE_OK && llhttp_execute(&trial, " ", 1) == HPE_OK;
}

/* llhttp refuses methods that it does not know, before the router could answer 405 with the ones
 * that the target allows (RFC 9110, 15.5.6).  So llhttp gets a known method in their place.
 * Returns HTTP1_MORE, HTTP1_HEAD when llhttp may parse the rest, or the status of a refusal. */
static int read_method(http1 *h) {
  static const char substitute[] = "PROPFIND";
  const char *p = h->head.p, *end = p + h->head.n, *at = p;
  while (at < end && (*at == '\r' || *at == '\n')) at++;
  size_t n = (size_t)(end - at) < METHOD_MAX + 1 ? (size_t)(end - at) : METHOD_MAX + 1;
  const char *space = n ? memchr(at, ' ', n) : NULL;
  if (space) n = (size_t)(space - at);
  if (n > METHOD_MAX) return http1_token(at, n) ? 501 : 400;
  if (n ? !http1_token(at, n) : space != NULL) return 400;
  if (!space) return HTTP1_MORE;
  if (is_known(at, n)) return HTTP1_HEAD;
  if (llhttp_execute(&h->parser, substitute, sizeof substitute - 1) != HPE_OK) return 400;
  h->fed = (uint16_t)(space - p);
  return HTTP1_HEAD;
}

static int refused_target(const http1 *h, const char *at) {
  const char *space = memchr(h->head.p, ' ', h->head.n);
  return space && at - space > HTTP1_TARGET + 1 ? 414 : 400;
}

static int parser_status(const http1 *h, llhttp_errno_t e) {
  if (h->refused) return h->refused;
  const char *at = llhttp_get_error_pos(&h->parser);
  switch (e) {
    case HPE_INVALID_URL: return refused_target(h, at);
    case HPE_INVALID_VERSION:
      return strcmp(llhttp_get_error_reason(&h->parser), "Invalid HTTP version") == 0 ? 505 : 400;
    case HPE_PAUSED_H2_UPGRADE: return 505;
    default: return 400;
  }
}

/* Copies only up to the end of the head, if it is in these
 * bytes, so that a body is not copied twice. */
static int feed_head(http1 *h, const char *p, size_t n, size_t *used) {
  size_t before = h->head.n, room = h->head_max - before;
  const char *end = memmem(p, n, "\r\n\r\n", 4);
  size_t take = end ? (size_t)(end - p) + 4 : n;
  if (take > room) take = room;
  if (buf_add(&h->head, p, take) < 0) return 503;
  *used = take;
  int status = h->fed ? HTTP1_HEAD : read_method(h);
  if (status == HTTP1_MORE && h->head.n == h->head_max) return 431;
  if (status != HTTP1_HEAD) return status;
  llhttp_errno_t e = llhttp_execute(&h->parser, h->head.p + h->fed, h->head.n - h->fed);
  h->fed = (uint16_t)h->head.n;
  if (e == HPE_OK) return h->head.n == h->head_max ? 431 : HTTP1_MORE;
  if (e != HPE_PAUSED) return parser_status(h, e);
  h->head.n = (size_t)(llhttp_get_error_pos(&h->parser) - h->head.p);
  *used = h->head.n - before;
  return head_complete(h);
}

int http1_feed(http1 *h, const char *p, size_t n, size_t *used) {
  *used = 0;
  if (h->state != HTTP1BODY_IN_HEAD) return http1body_feed(h, p, n, used);
  return n ? feed_head(h, p, n, used) : HTTP1_MORE;
}

int http1_raw(const http1 *h, buf *out) {
  if (buf_add(out, h->head.p, h->head.n) < 0) return -1;
  if (h->state == HTTP1BODY_START) return 0; /* an unparsed body follows as received */
  if (!h->chunked) return buf_add(out, h->body.p, h->body.n);
  if (h->body.n && buf_fmt(out, "%zx\r\n", h->body.n) < 0) return -1;
  if (buf_add(out, h->body.p, h->body.n) < 0) return -1;
  return buf_str(out, h->body.n ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
}

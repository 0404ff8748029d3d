/* SPDX-License-Identifier: MIT
 * wsframe.c -- see wsframe.h.  A message that arrives in one frame and one read is returned in
 * place; all others are assembled in `message`.
 *
 * Must never: buffer more than `max` bytes of a message, or pass on text that is not UTF-8. */
#include "http/wsframe.h"

#include <string.h>

#include "core/utf8.h"

void wsf_start(wsf_reader *r, size_t max, bool deflate) {
  *r = (wsf_reader){.max = max, .deflate = deflate};
  buf_init(&r->message, max);
}

void wsf_free(wsf_reader *r) {
  buf_free(&r->message);
  wsinflate_close(r->inflate);
  r->inflate = NULL;
}

bool wsf_code_ok(int code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

size_t wsf_head(uint8_t to[WSF_HEAD_MAX], int opcode, bool rsv1, size_t n) {
  size_t k = 2;
  to[0] = (uint8_t)(0x80 | (rsv1 ? 0x40 : 0) | opcode);
  if (n < 126) {
    to[1] = (uint8_t)n;
    return k;
  }
  int bytes = n < 65536 ? 2 : 8;
  to[1] = n < 65536 ? 126 : 127;
  for (int i = bytes - 1; i >= 0; i--) to[k++] = (uint8_t)((uint64_t)n >> (8 * i));
  return k;
}

static wsf_kind fail(wsf_reader *r, wsf_event *e, int code, const char *why) {
  r->failed = true;
  wsf_free(r);
  *e = (wsf_event){.code = code, .p = (char *)(uintptr_t)why, .n = strlen(why)};
  return WSF_ERROR;
}

/* ---- heads ---- */

/* The error in the first two bytes, or NULL. */
static const char *start_fault(const wsf_reader *r, uint8_t b0, uint8_t b1) {
  int opcode = b0 & 15;
  bool control = opcode & 8;
  if (b0 & 0x30) return "reserved bits are set";
  if ((b0 & 0x40) && !(r->deflate && !control && opcode != WS_CONT)) return "reserved bit is set";
  if ((opcode > WS_BINARY && opcode < WS_CLOSE) || opcode > WS_PONG) return "unknown opcode";
  if (control && !(b0 & 0x80)) return "control frame in fragments";
  if (control && (b1 & 0x7f) > WSF_CONTROL_MAX) return "control frame too long";
  if (!(b1 & 0x80)) return "frame is not masked";
  if (opcode == WS_CONT && !r->kind) return "nothing to continue";
  if (!control && opcode != WS_CONT && r->kind) return "message inside a message";
  return NULL;
}

static size_t head_size(uint8_t b1) {
  uint8_t n = b1 & 0x7f;
  return n < 126 ? 6 : n == 126 ? 8 : 14;
}

static wsf_kind take_head(wsf_reader *r, const uint8_t *h, wsf_event *e) {
  uint8_t n7 = h[1] & 0x7f;
  int bytes = n7 < 126 ? 0 : n7 == 126 ? 2 : 8;
  uint64_t n = bytes ? 0 : n7;
  for (int i = 0; i < bytes; i++) n = n << 8 | h[2 + i];
  if (bytes == 2 && n < 126) return fail(r, e, 1002, "length is not minimal");
  if (bytes == 8 && (n < 65536 || n >> 63)) return fail(r, e, 1002, "length is not minimal");
  memcpy(r->mask, h + 2 + bytes, 4);
  r->phase = 0;
  r->left = n;
  r->opcode = h[0] & 15;
  r->fin = h[0] >> 7;
  r->in_payload = true;
  if (r->opcode & 8) {
    r->control_n = 0;
    return WSF_MORE;
  }
  if (r->opcode != WS_CONT) {
    r->kind = r->opcode;
    r->compressed = (h[0] & 0x40) != 0;
    r->utf8 = UTF8_OK;
  }
  size_t have = r->compressed ? 0 : r->message.n;
  return n > r->max - have ? fail(r, e, 1009, "message too large") : WSF_MORE;
}

/* WSF_MORE with in_payload set: a head is complete. */
static wsf_kind read_head(wsf_reader *r, char **p, size_t *n, wsf_event *e) {
  const uint8_t *h = (const uint8_t *)*p;
  const char *fault;
  if (r->head_n == 0 && *n >= 2 && *n >= head_size(h[1])) { /* the common case: a whole head */
    fault = start_fault(r, h[0], h[1]);
    if (fault) return fail(r, e, 1002, fault);
    *p += head_size(h[1]);
    *n -= head_size(h[1]);
    return take_head(r, h, e);
  }
  while (*n) {
    r->head[r->head_n++] = (uint8_t)*(*p)++;
    --*n;
    if (r->head_n < 2) continue;
    fault = r->head_n == 2 ? start_fault(r, r->head[0], r->head[1]) : NULL;
    if (fault) return fail(r, e, 1002, fault);
    if (r->head_n < head_size(r->head[1])) continue;
    r->head_n = 0;
    return take_head(r, r->head, e);
  }
  return WSF_MORE;
}

/* ---- payloads ---- */

static void unmask(wsf_reader *r, char *p, size_t n) {
  uint8_t key[16];
  for (int i = 0; i < 16; i++) key[i] = r->mask[(r->phase + i) & 3];
  uint64_t k;
  memcpy(&k, key, sizeof k);
  size_t i = 0;
  for (; n - i >= 32; i += 32) { /* four words, which the compiler vectorizes */
    uint64_t w[4];
    memcpy(w, p + i, sizeof w);
    for (int j = 0; j < 4; j++) w[j] ^= k;
    memcpy(p + i, w, sizeof w);
  }
  for (; n - i >= 8; i += 8) {
    uint64_t w;
    memcpy(&w, p + i, sizeof w);
    w ^= k;
    memcpy(p + i, &w, sizeof w);
  }
  for (; i < n; i++) p[i] = (char)(p[i] ^ (char)key[i & 7]);
  r->phase = (uint8_t)((r->phase + n) & 3);
}

static wsf_kind end_control(wsf_reader *r, wsf_event *e) {
  r->in_payload = false;
  *e = (wsf_event){.code = 1005, .p = r->control, .n = r->control_n};
  if (r->opcode == WS_PING) return WSF_PING;
  if (r->opcode == WS_PONG) return WSF_PONG;
  r->failed = true; /* nothing follows a close frame */
  if (e->n == 1) return fail(r, e, 1002, "close code of one byte");
  if (e->n == 0) return WSF_CLOSE;
  e->code = (uint8_t)r->control[0] << 8 | (uint8_t)r->control[1];
  e->p += 2;
  e->n -= 2;
  if (!wsf_code_ok(e->code)) return fail(r, e, 1002, "invalid close code");
  if (utf8_check(UTF8_OK, e->p, e->n) != UTF8_OK) return fail(r, e, 1007, "close reason is not UTF-8");
  return WSF_CLOSE;
}

static wsf_kind add_compressed(wsf_reader *r, const char *p, size_t n, wsf_event *e) {
  size_t before = r->message.n;
  if (!r->inflate) r->inflate = wsinflate_open();
  if (!r->inflate) return fail(r, e, 1011, "out of memory");
  int status = wsinflate_feed(r->inflate, p, n, &r->message);
  if (r->kind == WS_TEXT) { /* in the order of arrival */
    r->utf8 = utf8_check(r->utf8, r->message.p + before, r->message.n - before);
    if (r->utf8 == UTF8_BAD) return fail(r, e, 1007, "text is not UTF-8");
  }
  if (status == WSINFLATE_LARGE) return fail(r, e, 1009, "message too large");
  if (status < 0) return fail(r, e, 1007, "compressed data is malformed");
  return WSF_MORE;
}

static wsf_kind add_plain(wsf_reader *r, const char *p, size_t n, bool whole, wsf_event *e) {
  if (r->kind == WS_TEXT) {
    r->utf8 = utf8_check(r->utf8, p, n);
    if (r->utf8 == UTF8_BAD) return fail(r, e, 1007, "text is not UTF-8");
  }
  if (!whole && buf_add(&r->message, p, n) < 0) return fail(r, e, 1011, "out of memory");
  return WSF_MORE;
}

static wsf_kind end_message(wsf_reader *r, char *p, size_t n, bool whole, wsf_event *e) {
  if (r->compressed) {
    static const char tail[] = {0, 0, (char)0xff, (char)0xff}; /* RFC 7692, 7.2.2 */
    if (add_compressed(r, tail, sizeof tail, e) == WSF_ERROR) return WSF_ERROR;
    wsinflate_close(r->inflate);
    r->inflate = NULL;
  }
  if (r->kind == WS_TEXT && r->utf8 != UTF8_OK) return fail(r, e, 1007, "text is not UTF-8");
  *e = (wsf_event){.code = r->kind, .p = p, .n = n};
  if (!whole) {
    e->p = r->message.p;
    e->n = r->message.n;
    e->owned = true;
    buf_init(&r->message, r->max);
  }
  r->kind = 0;
  return WSF_MESSAGE;
}

static wsf_kind take_data(wsf_reader *r, char *p, size_t n, wsf_event *e) {
  bool last = r->fin && r->left == 0;
  bool whole = last && !r->compressed && r->opcode != WS_CONT && r->message.n == 0;
  wsf_kind k = r->compressed ? add_compressed(r, p, n, e) : add_plain(r, p, n, whole, e);
  if (k == WSF_ERROR) return k;
  if (r->left == 0) r->in_payload = false;
  return last ? end_message(r, p, n, whole, e) : WSF_MORE;
}

static wsf_kind read_payload(wsf_reader *r, char **p, size_t *n, wsf_event *e) {
  char *at = *p;
  size_t k = r->left < *n ? (size_t)r->left : *n;
  unmask(r, at, k);
  *p += k;
  *n -= k;
  r->left -= k;
  if (!(r->opcode & 8)) return take_data(r, at, k, e);
  memcpy(r->control + r->control_n, at, k);
  r->control_n = (uint8_t)(r->control_n + k);
  return r->left ? WSF_MORE : end_control(r, e);
}

wsf_kind wsf_next(wsf_reader *r, char **p, size_t *n, wsf_event *e) {
  while (!r->failed && (*n || (r->in_payload && r->left == 0))) {
    wsf_kind k = r->in_payload ? read_payload(r, p, n, e) : read_head(r, p, n, e);
    if (k != WSF_MORE) return k;
  }
  if (r->failed) {
    *p += *n;
    *n = 0;
  }
  return WSF_MORE;
}

/* SPDX-License-Identifier: MIT
 * refusal.c -- see refusal.h: answers to requests that are too large, too late, or not HTTP.
 *
 * Owns: the texts that scripts declare by path (host_refusal), and the defaults.
 * Must never: call Lua, or allocate when it answers. */
#include "http/refusal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/respond.h"

enum { TEXTS = 256, PREFIX = 255 };

typedef struct {
  int status;
  const char *code, *message;
} refusal;

static const refusal refusals[] = {
    {400, "bad_request", "The request is not valid HTTP/1.1"},
    {408, "request_timeout", "The request did not arrive in time"},
    {413, "payload_too_large", "Payload too large"},
    {414, "uri_too_long", "The request target is longer than 8192 bytes"},
    {417, "expectation_failed", "Only 100-continue can be expected"},
    {426, "websocket_version", "Only version 13 of WebSocket is spoken here"},
    {431, "headers_too_large", "The headers are too many or too large"},
    {REFUSAL_PLAIN, "https_required", "This port speaks TLS: use an https address"},
    {501, "not_implemented", "The method or transfer coding is not known here"},
    {503, "overloaded", "The server is at its limit; try again later"},
    {505, "http_version_not_supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here"},
};

static struct {
  char *prefix, *body; /* one allocation, which begins at prefix */
  size_t prefix_n, body_n;
  int status;
} texts[TEXTS];
static int n_texts;

int host_refusal(host_str *prefix, int status, host_str *body) {
  if (!prefix->n || prefix->n > PREFIX || *prefix->p != '/' || body->n > REFUSAL_BODY) return HOST_EINVAL;
  if (status < 400 || status > 599) return HOST_EINVAL;
  char *copy = n_texts < TEXTS ? malloc(prefix->n + body->n) : NULL;
  if (!copy) return HOST_EFULL;
  memcpy(copy, prefix->p, prefix->n);
  memcpy(copy + prefix->n, body->p, body->n);
  texts[n_texts].prefix = copy;
  texts[n_texts].body = copy + prefix->n;
  texts[n_texts].prefix_n = prefix->n;
  texts[n_texts].body_n = body->n;
  texts[n_texts++].status = status;
  return 0;
}

void host_refusals_clear(void) {
  while (n_texts) free(texts[--n_texts].prefix);
}

/* The target as far as it has arrived, even of a request line that the parser refused. */
static size_t target_of(const http1 *h, const char **at) {
  if (!h || !h->head.n) return 0;
  *at = h->head.p + h->target;
  if (h->target_n) return h->target_n;
  const char *space = memchr(h->head.p, ' ', h->head.n);
  if (!space) return 0;
  *at = space + 1;
  return (size_t)(h->head.p + h->head.n - *at);
}

static bool is_below(const char *t, size_t n, const char *prefix, size_t k) {
  if (k > n || memcmp(t, prefix, k) != 0) return false;
  return k == n || prefix[k - 1] == '/' || t[k] == '/' || t[k] == '?' || t[k] == ' ';
}

/* The text for the longest prefix of the path (an unknown
 * path counts as "/"); -1 when there is none. */
static int text_of(const http1 *h, int status) {
  const char *t = "/";
  size_t n = target_of(h, &t), best = 0;
  int found = -1;
  if (!n) n = 1, t = "/";
  for (int i = 0; i < n_texts; i++) {
    if (texts[i].status != status || texts[i].prefix_n <= best) continue;
    if (!is_below(t, n, texts[i].prefix, texts[i].prefix_n)) continue;
    best = texts[i].prefix_n;
    found = i;
  }
  return found;
}

static const refusal *refusal_of(int status) {
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    if (refusals[i].status == status) return &refusals[i];
  }
  return &refusals[0];
}

/* The default, with the members of every shape of error, until a script declares a text. */
static size_t plain_text(const refusal *r, int status, char *body, size_t room) {
  int n = snprintf(body, room, "{\"error\":\"%s\",\"message\":\"%s\",\"statusCode\":%d,\"code\":\"%s\"}",
                   respond_reason(status), r->message, status, r->code);
  return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

size_t refusal_write(const http1 *h, int status, char *out, size_t room) {
  char plain[256];
  const refusal *r = refusal_of(status);
  size_t date_n, body_n;
  const char *date = respond_date(&date_n), *body = plain;
  int shown = r->status == REFUSAL_PLAIN ? 400 : r->status, text = text_of(h, r->status);
  const char *extra = r->status == 426 ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      : r->status == 503 ? "Retry-After: 1\r\n" : "";
  if (text >= 0) body = texts[text].body, body_n = texts[text].body_n;
  else body_n = plain_text(r, shown, plain, sizeof plain);
  int n = snprintf(out, room,
                   "HTTP/1.1 %d %s\r\n%.*s%sContent-Type: application/json\r\nContent-Length: %zu\r\n"
                   "Connection: close\r\n\r\n%.*s",
                   shown, respond_reason(shown), (int)date_n, date, extra, body_n, (int)body_n, body);
  return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

/* SPDX-License-Identifier: MIT
 * respond.c -- answers.  Heads are composed in the connection's output buffer; refusals before Lua
 * sees a request come from refusal.c.
 *
 * Owns: the cached Date and the body limits by path.  Must never: let a caller split a response (RFC
 * 9112, 11.1) or send two different lengths. */
#include "http/respond.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/shm.h"
#include "http/refusal.h"
#include "http/request.h"
#include "net/conn.h"

enum { BODY_LIMITS = 32, NUMBER = 24 };

const char *respond_reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    case 508: return "Loop Detected";
    default: break;
  }
  return status < 300 ? "OK" : status < 400 ? "Redirect" : status < 500 ? "Request Refused" : "Server Error";
}

int host_reason(int status, host_str *phrase) {
  phrase->p = respond_reason(status);
  phrase->n = (uint32_t)strlen(phrase->p);
  return 0;
}

/* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", formatted once a second. */
const char *respond_date(size_t *n) {
  static time_t made = -1;
  static char line[48];
  static size_t length;
  time_t now = time(NULL);
  if (now != made) {
    struct tm tm;
    gmtime_r(&now, &tm);
    length = strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    made = now;
  }
  *n = length;
  return line;
}

/* ---- refusals ---- */

/* Scripts never see it, so we count and log it here. */
static void note_refusal(const conn *c, int status) {
  char text[160], ip[PEER_TEXT];
  const char *requests = conf_str("log.requests");
  snprintf(text, sizeof text, "human_http_refused_total{status=\"%d\"}", status);
  shm_count(text, 1);
  if (strcmp(requests, "all") != 0 && strcmp(requests, "errors") != 0) return;
  peer_text(&c->peer, ip);
  int n = snprintf(text, sizeof text,
                   log_is_json() ? "{\"msg\":\"request refused\",\"status\":%d,\"ip\":\"%s\"}"
                                 : "request refused status=%d ip=%s", status, ip);
  log_line(LOG_INFO, text, (unsigned long)n);
}

void respond_refuse(conn *c, int status) {
  note_refusal(c, status);
  char *p = conn_out(c, REFUSAL_ROOM);
  if (!p) return conn_close(c);
  c->out.n += refusal_write(c->req ? &c->req->h : NULL, status, p, REFUSAL_ROOM);
  conn_finish(c, true);
}

size_t respond_overload(char *out, size_t n) {
  return refusal_write(NULL, 503, out, n);
}

/* ---- the listener that redirects to https ---- */

/* The host that the client asked for, without the port;
 * validated, because it goes into our header. */
static size_t asked_host(const http1 *h, const char **host) {
  size_t n = 0;
  int i = http1_find(h, "host", 4, 0);
  *host = i < 0 ? NULL : http1_value(h, i, &n);
  if (!n) return 0;
  bool v6 = **host == '[';
  size_t k = v6;
  while (k < n && (isalnum((unsigned char)(*host)[k]) || strchr(v6 ? ":." : "-._", (*host)[k]))) k++;
  if (v6 && (k == n || (*host)[k++] != ']')) return 0;
  return k == n || (*host)[k] == ':' ? k : 0;
}

/* 308, so that the client repeats its method and body (RFC 9110, 15.4.9). */
void respond_redirect(conn *c) {
  const http1 *h = &c->req->h;
  double port = conf_num("tls.public_port");
  if (port == 0) port = conf_num("port");
  char at[16] = "";
  const char *host, *target = h->head.p + h->target;
  size_t date_n, n = asked_host(h, &host);
  const char *date = respond_date(&date_n);
  if (!n || *target != '/') return respond_refuse(c, 400);
  if (port != 443) snprintf(at, sizeof at, ":%.0f", port);
  size_t room = n + h->target_n + 256;
  char *to = conn_out(c, room);
  if (!to) return conn_close(c);
  int k = snprintf(to, room,
                   "HTTP/1.1 308 Permanent Redirect\r\n%.*sLocation: https://%.*s%s%.*s\r\n"
                   "Content-Length: 0\r\nConnection: close\r\n\r\n",
                   (int)date_n, date, (int)n, host, at, (int)h->target_n, target);
  c->out.n += (size_t)k;
  conn_finish(c, true);
}

/* ---- body limits by path ---- */

static struct {
  char *prefix;
  size_t n, max;
} body_limits[BODY_LIMITS];
static int n_body_limits;

int host_body_limit(host_str *prefix, double bytes) {
  if (!prefix->n || prefix->p[0] != '/' || !(bytes >= 0 && bytes <= 1e12)) return HOST_EINVAL;
  for (int i = 0; i < n_body_limits; i++) {
    if (body_limits[i].n != prefix->n || memcmp(body_limits[i].prefix, prefix->p, prefix->n)) continue;
    body_limits[i].max = (size_t)bytes;
    return 0;
  }
  if (n_body_limits == BODY_LIMITS) return HOST_EFULL;
  char *copy = malloc(prefix->n);
  if (!copy) return HOST_EFULL;
  memcpy(copy, prefix->p, prefix->n);
  body_limits[n_body_limits].prefix = copy;
  body_limits[n_body_limits].n = prefix->n;
  body_limits[n_body_limits++].max = (size_t)bytes;
  return 0;
}

/* The longest prefix wins; "/a" is no prefix of "/ab". */
size_t respond_body_max(const http1 *h) {
  const char *t = h->head.p + h->target;
  size_t best = 0, max = conn_limit()->body_bytes;
  for (int i = 0; i < n_body_limits; i++) {
    size_t n = body_limits[i].n;
    if (n > h->target_n || n < best || memcmp(t, body_limits[i].prefix, n) != 0) continue;
    if (n < h->target_n && t[n] != '/' && t[n] != '?' && t[n - 1] != '/') continue;
    best = n;
    max = body_limits[i].max;
  }
  return max;
}

/* ---- heads ---- */

static bool is_named(const char *line, const char *colon, const char *name) {
  size_t n = strlen(name);
  return (size_t)(colon - line) == n && strncasecmp(line, name, n) == 0;
}

/* One "Name: value\r\n" line of the caller's. */
static int check_line(const char *line, size_t n, bool *connection, bool *close) {
  const char *colon = memchr(line, ':', n);
  if (!colon || !http1_token(line, (size_t)(colon - line))) return HOST_EINVAL;
  for (const char *p = colon; p < line + n; p++) {
    if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) return HOST_EINVAL;
  }
  if (is_named(line, colon, "content-length") || is_named(line, colon, "transfer-encoding") ||
      is_named(line, colon, "date")) {
    return HOST_EINVAL;
  }
  if (!is_named(line, colon, "connection")) return 0;
  *connection = true;
  *close = *close || memmem(colon, n - (size_t)(colon - line), "close", 5) != NULL;
  return 0;
}

int respond_check(const host_str *headers, bool *connection, bool *close) {
  const char *p = headers->p, *end = p + headers->n;
  while (p < end) {
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    if (!lf || lf == p || lf[-1] != '\r') return HOST_EINVAL;
    int r = check_line(p, (size_t)(lf - 1 - p), connection, close);
    if (r < 0) return r;
    p = lf + 1;
  }
  return 0;
}

static char *put(char *to, const void *p, size_t n) {
  if (n) memcpy(to, p, n);
  return to + n;
}

static char *put_z(char *to, const char *z) {
  return put(to, z, strlen(z));
}

static size_t digits(char *to, size_t v) {
  char text[NUMBER];
  size_t n = 0;
  do text[n++] = (char)('0' + v % 10);
  while (v /= 10);
  for (size_t i = 0; i < n; i++) to[i] = text[n - 1 - i];
  return n;
}

static char *put_status(char *to, int status) {
  static const char ok[] = "HTTP/1.1 200 OK\r\n";
  if (status == 200) return put(to, ok, sizeof ok - 1);
  to = put_z(to, "HTTP/1.1 ");
  to += digits(to, (size_t)status);
  *to++ = ' ';
  return put_z(put_z(to, respond_reason(status)), "\r\n");
}

/* Status line, Date, Connection, Content-Length or Transfer-Encoding, Strict-Transport-Security. */
enum { HEAD_ROOM = 320 };

/* RFC 6797: how long browsers will use https only. */
static const char *hsts_line(void) {
  static char line[64];
  if (!*line && conf_num("tls.hsts_s") != 0)
    snprintf(line, sizeof line, "Strict-Transport-Security: max-age=%.0f\r\n", conf_num("tls.hsts_s"));
  return line;
}

char *respond_head(conn *c, const respond_spec *s, size_t body) {
  size_t date_n;
  const char *date = respond_date(&date_n);
  char *start = conn_out(c, HEAD_ROOM + s->headers->n + body), *to = start;
  if (!start) return NULL;
  to = put(put_status(to, s->status), date, date_n);
  to = put(to, s->headers->p, s->headers->n);
  if (!s->keep && !s->connection) to = put_z(to, "Connection: close\r\n");
  else if (s->minor == 0 && !s->connection) to = put_z(to, "Connection: keep-alive\r\n");
  if (s->chunked) to = put_z(to, "Transfer-Encoding: chunked\r\n");
  if (s->sized) {
    to = put_z(to, "Content-Length: ");
    to += digits(to, s->length);
    to = put_z(to, "\r\n");
  }
  if (c->secure) to = put_z(to, hsts_line());
  to = put_z(to, "\r\n");
  c->out.n += (size_t)(to - start);
  return to;
}

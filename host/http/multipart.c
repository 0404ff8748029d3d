/* SPDX-License-Identifier: MIT
 * multipart.c -- see multipart.h.
 *
 * Strict where two parsers could disagree: lines end with CRLF, nothing
 * follows a boundary in its line, a part has one Content-Disposition and
 * no transfer encoding.  Must never: read a byte more than a few times. */
#include "http/multipart.h"

#include <string.h>
#include <strings.h>

#include "http/http1.h"

enum { BODY, BEHIND_MARKER, PADDING, LINE_LF, LAST_DASH, HEAD, EPILOGUE, BAD };

static multipart_piece refuse(multipart *m, const char *why) {
  m->state = BAD;
  m->why = why;
  return MULTIPART_BAD;
}

static bool is_boundary_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c && strchr("'()+_,-./:=? ", c));
}

int multipart_start(multipart *m, const char *boundary, size_t n) {
  memset(m, 0, sizeof *m);
  if (!n || n > MULTIPART_BOUNDARY || boundary[n - 1] == ' ') return -1;
  for (size_t i = 0; i < n; i++) {
    if (!is_boundary_char(boundary[i])) return -1;
  }
  memcpy(m->marker, "\r\n--", 4);
  memcpy(m->marker + 4, boundary, n);
  m->marker_n = (uint8_t)(n + 4);
  m->matched = 2; /* the start counts as the end of a line */
  return 0;
}

bool multipart_complete(const multipart *m) {
  return m->state == EPILOGUE;
}

/* ---- the header fields of a part ---- */

typedef struct {
  const char *p, *end;
} reader;

static void skip_blanks(reader *r) {
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\t')) r->p++;
}

static size_t token_at(const reader *r) {
  size_t n = 0;
  while (r->p + n < r->end && http1_token(r->p + n, 1)) n++;
  return n;
}

static bool is_control(char c) {
  return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* Decodes what browsers write for quotes and line ends
 * (WHATWG HTML, 4.10.21.8); 0: something else. */
static char escaped(const char *p, const char *end) {
  if (end - p < 3 || *p != '%') return 0;
  if (!strncmp(p, "%22", 3)) return '"';
  if (!strncasecmp(p, "%0D", 3)) return '\r';
  if (!strncasecmp(p, "%0A", 3)) return '\n';
  return 0;
}

/* A quoted string or a token.  A backslash escapes only a quote, otherwise it is literal: browsers
 * send Windows paths that way.  Returns its length, or -1. */
static int read_value(reader *r, char *out, size_t room) {
  size_t n = 0;
  if (r->p == r->end || *r->p != '"') {
    n = token_at(r);
    if (!n || n > room) return -1;
    memcpy(out, r->p, n);
    r->p += n;
    return (int)n;
  }
  for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
    char c = *r->p, e = escaped(r->p, r->end);
    if (e) c = e, r->p += 2;
    else if (c == '\\' && r->p + 1 < r->end && r->p[1] == '"') c = *++r->p;
    if (n == room) return -1;
    out[n++] = c;
  }
  return r->p++ < r->end ? (int)n : -1;
}

static int read_parameter(multipart *m, reader *r) {
  static char unused[MULTIPART_HEAD];
  const char *name = r->p;
  size_t k = token_at(r);
  r->p += k;
  if (!k || r->p == r->end || *r->p++ != '=') return -1;
  bool is_name = k == 4 && !strncasecmp(name, "name", 4);
  bool is_file = k == 8 && !strncasecmp(name, "filename", 8);
  if ((is_name && m->name_n) || (is_file && m->has_filename)) return -1;
  int n = is_name   ? read_value(r, m->name, sizeof m->name)
          : is_file ? read_value(r, m->filename, sizeof m->filename)
                    : read_value(r, unused, sizeof unused); /* no filename* here (RFC 7578, 4.2) */
  if (n < 0 || (is_name && !n)) return -1;
  if (is_name) m->name_n = (size_t)n;
  if (is_file) m->filename_n = (size_t)n, m->has_filename = true;
  return 0;
}

static const char *read_disposition(multipart *m, reader r) {
  static const char wrong[] = "a part's Content-Disposition is malformed, or too long";
  if (m->name_n) return "a part has two Content-Dispositions";
  size_t k = token_at(&r);
  if (k != 9 || strncasecmp(r.p, "form-data", 9) != 0) return "a part's Content-Disposition is not form-data";
  r.p += k;
  for (skip_blanks(&r); r.p < r.end; skip_blanks(&r)) {
    if (*r.p++ != ';') return wrong;
    skip_blanks(&r);
    if (r.p < r.end && read_parameter(m, &r)) return wrong;
  }
  return m->name_n ? NULL : "a part has no name";
}

static const char *read_type(multipart *m, reader r) {
  size_t n = (size_t)(r.end - r.p);
  if (m->type_n || n > sizeof m->type) return "a part's Content-Type is repeated or too long";
  memcpy(m->type, r.p, n);
  m->type_n = n;
  return NULL;
}

/* Nobody should send one (RFC 7578, 4.7), and encoded data
 * must not be stored as if it were plain. */
static const char *read_encoding(reader r) {
  static const char *const plain[] = {"7bit", "8bit", "binary"};
  size_t n = (size_t)(r.end - r.p);
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    if (strlen(plain[i]) == n && !strncasecmp(r.p, plain[i], n)) return NULL;
  return "a part has a Content-Transfer-Encoding";
}

static bool is_named(const char *line, size_t n, const char *name) {
  return strlen(name) == n && !strncasecmp(line, name, n);
}

static const char *read_line(multipart *m, const char *line, const char *end) {
  const char *colon = memchr(line, ':', (size_t)(end - line));
  if (!colon || !http1_token(line, (size_t)(colon - line))) return "a header of a part is malformed";
  for (const char *p = colon; p < end; p++)
    if (is_control(*p)) return "a header of a part has a control character";
  size_t n = (size_t)(colon - line);
  reader r = {colon + 1, end};
  skip_blanks(&r);
  while (r.end > r.p && (r.end[-1] == ' ' || r.end[-1] == '\t')) r.end--;
  if (is_named(line, n, "content-disposition")) return read_disposition(m, r);
  if (is_named(line, n, "content-type")) return read_type(m, r);
  if (is_named(line, n, "content-transfer-encoding")) return read_encoding(r);
  return NULL;
}

/* The head is complete: lines that end with CRLF, then an empty one. */
static multipart_piece read_head(multipart *m) {
  const char *p = m->head, *end = m->head + m->head_n - 2, *why = NULL;
  m->name_n = m->filename_n = m->type_n = 0;
  m->has_filename = false;
  for (int fields = 0; p < end && !why; fields++) {
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    if (!lf || lf == p || lf[-1] != '\r') why = "a header of a part is malformed";
    else if (fields == MULTIPART_FIELDS) why = "a part has too many headers";
    else why = read_line(m, p, lf - 1);
    if (lf) p = lf + 1;
  }
  if (!why && !m->name_n) why = "a part has no name";
  if (why) return refuse(m, why);
  m->state = BODY;
  m->matched = 0;
  m->in_part = true;
  return MULTIPART_PART;
}

static bool head_ends(const multipart *m) {
  if (m->head_n == 2) return !memcmp(m->head, "\r\n", 2);
  return m->head_n >= 4 && !memcmp(m->head + m->head_n - 4, "\r\n\r\n", 4);
}

static multipart_piece take_head(multipart *m, const char *p, size_t n, size_t *used) {
  for (size_t i = 0; i < n; i++) {
    if (m->head_n == sizeof m->head) return refuse(m, "the headers of a part are too large");
    m->head[m->head_n++] = p[i];
    *used = i + 1;
    if (p[i] == '\n' && head_ends(m)) return read_head(m);
  }
  return MULTIPART_MORE;
}

/* ---- data, up to the next boundary ---- */

/* `n` bytes that are no boundary: data of a part, or a preamble, which is dropped. */
static multipart_piece give(multipart *m, const char *p, size_t n) {
  m->p = p;
  m->n = n;
  if (m->in_part) return MULTIPART_DATA;
  if (n > (size_t)(MULTIPART_PREAMBLE - m->outside)) return refuse(m, "it does not begin with its boundary");
  m->outside = (uint16_t)(m->outside + n);
  return MULTIPART_MORE;
}

/* How many bytes of the marker match at p, up to the end of the input. */
static size_t match(const multipart *m, const char *p, size_t n, size_t from) {
  size_t k = 0;
  while (k < n && from + k < m->marker_n && p[k] == m->marker[from + k]) k++;
  return k;
}

/* CR begins the marker and occurs nowhere else in it, so
 * bytes of a failed match need no second search. */
static multipart_piece find_marker(multipart *m, const char *p, size_t n, size_t *used) {
  size_t at = 0;
  while (at < n) {
    const char *cr = memchr(p + at, '\r', n - at);
    if (!cr) break;
    at = (size_t)(cr - p);
    size_t k = match(m, cr, n - at, 0);
    if (k < n - at && k < m->marker_n) {
      at += 1;
      continue;
    }
    if (at) { /* first, the data before it */
      *used = at;
      return give(m, p, at);
    }
    *used = k;
    m->matched = (uint8_t)k;
    return MULTIPART_MORE;
  }
  *used = n;
  return give(m, p, n);
}

static multipart_piece take_body(multipart *m, const char *p, size_t n, size_t *used) {
  if (!m->matched) return find_marker(m, p, n, used);
  size_t k = match(m, p, n, m->matched);
  *used = k;
  if (k == n || m->matched + k == m->marker_n) {
    m->matched = (uint8_t)(m->matched + k);
    return MULTIPART_MORE;
  }
  size_t held = m->matched + k;
  m->matched = 0;
  return give(m, m->marker, held);
}

/* ---- around boundaries ---- */

static multipart_piece boundary_seen(multipart *m) {
  bool ended = m->in_part;
  m->in_part = false;
  m->matched = 0;
  m->state = BEHIND_MARKER;
  return ended ? MULTIPART_ENDED : MULTIPART_MORE;
}

static multipart_piece behind_marker(multipart *m, char c) {
  static const char wrong[] = "a boundary is not followed by the end of its line";
  switch (m->state) {
    case BEHIND_MARKER:
      if (c == '-') return m->state = LAST_DASH, MULTIPART_MORE;
      m->state = PADDING; /* fall through */
    case PADDING:
      if ((c == ' ' || c == '\t') && ++m->outside <= MULTIPART_PREAMBLE) return MULTIPART_MORE;
      if (c != '\r') return refuse(m, wrong);
      m->state = LINE_LF;
      return MULTIPART_MORE;
    case LINE_LF:
      if (c != '\n') return refuse(m, wrong);
      m->state = HEAD;
      m->head_n = 0;
      return MULTIPART_MORE;
    default: /* LAST_DASH */
      if (c != '-') return refuse(m, wrong);
      m->state = EPILOGUE;
      m->outside = 0;
      return MULTIPART_MORE;
  }
}

static multipart_piece take_epilogue(multipart *m, size_t n, size_t *used) {
  *used = n;
  if (n > (size_t)(MULTIPART_PREAMBLE - m->outside)) return refuse(m, "something follows its last boundary");
  m->outside = (uint16_t)(m->outside + n);
  return MULTIPART_MORE;
}

static multipart_piece step(multipart *m, const char *p, size_t n, size_t *used) {
  *used = 0;
  switch (m->state) {
    case BODY:
      if (m->matched == m->marker_n) return boundary_seen(m);
      return take_body(m, p, n, used);
    case HEAD: return take_head(m, p, n, used);
    case EPILOGUE: return take_epilogue(m, n, used);
    case BAD: return MULTIPART_BAD;
    default:
      *used = 1;
      return behind_marker(m, *p);
  }
}

multipart_piece multipart_next(multipart *m, const char *p, size_t n, size_t *used) {
  multipart_piece piece = MULTIPART_MORE;
  size_t k;
  *used = 0;
  /* report a boundary at the end of the input at once, not with the next byte */
  while ((*used < n || (m->state == BODY && m->matched == m->marker_n)) && piece == MULTIPART_MORE) {
    piece = step(m, p + *used, n - *used, &k);
    *used += k;
  }
  return piece;
}

/* SPDX-License-Identifier: MIT
 * respond.h -- answers: heads, refusals that need no Lua, and body limits by path. */
#ifndef HUMAN_RESPOND_H
#define HUMAN_RESPOND_H
#include "http/http1.h"
#include "http/refusal.h"
#include "net/conn.h"

size_t respond_body_max(const http1 *h);     /* by the prefixes given to host_body_limit */
void respond_refuse(conn *c, int status);    /* a fixed answer, and nothing after it */
void respond_redirect(conn *c);              /* answer the request with the https address, and close */
const char *respond_reason(int status);       /* RFC 9110, 15; RFC 6585 */
const char *respond_date(size_t *n);          /* "Date: ..\r\n", formatted once a second */
size_t respond_overload(char *out, size_t n); /* the 503 for a connection that we do not open */

typedef struct {
  int status;
  int minor;               /* of the request's HTTP/1.minor */
  const host_str *headers; /* checked by respond_check() */
  bool connection;         /* `headers` has a Connection header */
  bool keep;               /* keep the connection */
  bool chunked;
  bool sized;              /* Content-Length: length */
  size_t length;
} respond_spec;

/* Are these whole header lines, and none that C itself writes?  0, or HOST_EINVAL; also returns
 * whether there is a Connection header, and whether it says close. */
int respond_check(const host_str *headers, bool *connection, bool *close);
/* Appends a head, and reserves `body` bytes after it.
 * Returns where they go, or NULL without memory. */
char *respond_head(conn *c, const respond_spec *s, size_t body);
#endif

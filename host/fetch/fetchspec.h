/* SPDX-License-Identifier: MIT
 * fetchspec.h -- an outbound request as Lua describes it: read, checked, secrets filled in. */
#ifndef HUMAN_FETCHSPEC_H
#define HUMAN_FETCHSPEC_H
#include <curl/curl.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/op.h"
#include "fetch/fetchbody.h"

enum { FETCHSPEC_URL = 16 << 10 };

typedef struct {
  char *url;
  bool secret_url;            /* then curl's messages must stay hidden: they could quote the url */
  char method[24];
  struct curl_slist *headers; /* whole lines, secrets included */
  bool has_type, has_encoding; /* they include Content-Type, Accept-Encoding */
  bool repeatable;            /* doing it twice is doing it once: RFC 9110, 9.2.2 */
  char *body;                 /* NULL: none */
  bool body_secrets;          /* secrets are filled into it */
  size_t body_n;
  fetchbody *parts;           /* instead: texts and files; NULL: none */
  double timeout_s, connect_timeout_s;
  size_t max_bytes;
  bool plain;                 /* http, without TLS */
  char *peer;                 /* "host:port" in lower case */
  bool stream, guard, proxy_head; /* proxy_head: begin with a PROXY head that names ourselves */
  char *proxy, *no_proxy;     /* the proxy, and the names that bypass it; NULL: none */
  char *pin;                  /* trust only this public key; NULL: certificate authorities */
} fetchspec;

/* 0, or HOST_EINVAL, HOST_EDENIED (http or a secret under guard, unknown secret), HOST_ESEALED, HOST_ELIMIT,
 * HOST_EFULL.  On an error s is already freed, and fetchspec_why() says more; it shows no secret. */
int fetchspec_read(fetchspec *s, const host_str *packed);
const char *fetchspec_why(void);

/* For those who read a part of it: returns e.  Keeps the first message, which is the cause. */
int fetchspec_refuse(int e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fetchspec_free(fetchspec *s);
#endif

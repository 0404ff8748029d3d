/* SPDX-License-Identifier: MIT
 * tls.h -- TLS 1.2 and 1.3 for the listening sockets: certificates.  See tlskeys.h for the keys of
 * session tickets, tlsio.h for one connection. */
#ifndef HUMAN_TLS_H
#define HUMAN_TLS_H
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

bool tls_configured(void); /* the settings name a certificate: the listeners speak TLS */
bool tls_on(void);         /* certificates are loaded */
SSL_CTX *tls_context(void); /* for a new connection */
int tls_start(void);       /* the supervisor, before it forks: 0, or -1 and a message on stderr */

/* The key shown to clients that name no host, as curl pins it: "sha256//BASE64"; "" without TLS. */
enum { TLS_PIN = 64 };
void tls_pin(char *out);

/* Two steps, so that all processes switch to new certificates or none
 * does.  Connections keep the one they began with.  tls_prepare only
 * loads; returns 0, or -1 with setting, file and reason in `why`. */
int tls_prepare(char *why, size_t n);
void tls_commit(void);
void tls_abort(void);

#endif

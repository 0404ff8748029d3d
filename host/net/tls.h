/* SPDX-License-Identifier: MIT
 * tls.h -- TLS 1.2 and 1.3 for the listening sockets: certificates.  Keys of session tickets: tlskeys.h; one
 * connection: tlsio.h. */
#ifndef HUMAN_TLS_H
#define HUMAN_TLS_H
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

bool tls_configured(void); /* the settings name a certificate: the listeners speak TLS */
bool tls_on(void);         /* certificates are loaded */
SSL_CTX *tls_context(void); /* for a new connection */
int tls_start(void);       /* the supervisor, before it forks: 0, or -1 and a message on stderr */

/* The key of whoever names no host, as curl pins it: "sha256//BASE64"; "" without TLS. */
enum { TLS_PIN = 64 };
void tls_pin(char *out);

/* Two steps, so that all processes take new certificates or none.  Connections keep what they began
 * with.  tls_prepare: 0, or -1 with setting, file and reason in `why`; nothing is in use yet. */
int tls_prepare(char *why, size_t n);
void tls_commit(void);
void tls_abort(void);

#endif

/* SPDX-License-Identifier: MIT
 * tls.h -- TLS 1.2 and 1.3 for the listening sockets: certificates (tls.c, tlscert.c), keys of session
 * tickets (tlskeys.c), one connection (tlsio.c).
 *
 * Nothing here touches a socket: conn.c gives what it read and writes what it is given. */
#ifndef HUMAN_TLS_H
#define HUMAN_TLS_H
#include <openssl/ssl.h>
#include <stdbool.h>

#include "core/buf.h"

/* ---- certificates ---- */
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

/* ---- session tickets ---- */
int tls_keys_init(void);  /* before forking: all workers share them; 0, or -1 with errno */
void tls_keys_turn(double now); /* the supervisor, now and then, by shm_clock(): new keys when it is time */
int tls_on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac, int encrypt); /* OpenSSL's callback for them */

/* ---- one connection ---- */
typedef struct tls tls;
enum { TLS_RECORD = 16384, TLS_WIRE_MAX = 65536 };
/* What tls_take() says besides a number of bytes. */
enum { TLS_MORE = 0, TLS_END = -1, TLS_FAILED = -2, TLS_PLAIN = -3 };

tls *tls_open(void); /* a server's side; NULL: no memory */
void tls_free(tls *t);
void tls_give(tls *t, const char *p, size_t n); /* was received; borrowed until all of it was taken */
/* The next decrypted bytes of what was given, into TLS_RECORD of room; or TLS_MORE: nothing is left;
 * TLS_END: the client has said that it sends no more; TLS_FAILED: an alert is in the wire buffer;
 * TLS_PLAIN: this is HTTP without TLS. */
int tls_take(tls *t, char *to);
/* Encrypt `plain` into the wire buffer, behind what the protocol itself has to say; `end`: and say
 * that nothing follows.  -1: no memory. */
int tls_seal(tls *t, const buf *plain, bool end);
buf *tls_wire(tls *t); /* is to be written, and emptied by the caller */
#endif

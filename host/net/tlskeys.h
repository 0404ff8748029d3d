/* SPDX-License-Identifier: MIT
 * tlskeys.h -- keys of session tickets. */
#ifndef HUMAN_TLSKEYS_H
#define HUMAN_TLSKEYS_H
#include <openssl/ssl.h>

int tlskeys_init(void);  /* before forking: all workers share them; 0, or -1 with errno */
void tlskeys_turn(double now); /* the supervisor, with shm_clock(): rotates keys when due */
int tlskeys_on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac, int encrypt); /* OpenSSL's callback for them */
#endif

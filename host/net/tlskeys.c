/* SPDX-License-Identifier: MIT
 * tlskeys.c -- the keys of session tickets (RFC 5077; the same form serves TLS 1.3).
 *
 * They are in a page that all workers share, so a client can resume at any worker, even at the
 * replacement of a dead one or after a reload.  Only the supervisor writes; it rotates the keys
 * every twelve hours. The previous ones are still accepted; older ones are erased, so traffic
 * recorded under them stays secret. Never on disk, and not in a core dump. */
#include "net/tlskeys.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "core/shm.h"
#include "net/tls.h"

enum { NAME = 16, KEY = 32, IV = 16, SLOTS = 3 };
static const double TURN_S = 12 * 3600;

typedef struct {
  unsigned char name[NAME], cipher[KEY], mac[KEY];
} ticket_key;

/* Lock-free: the writer fills the slot that nobody reads, then increments the count. */
typedef struct {
  _Atomic uint32_t count; /* keys[count % 3] is current; the one before it still valid */
  double made_at;         /* for the supervisor */
  ticket_key keys[SLOTS];
} key_page;

static key_page *page;

static int make_key(uint32_t count, double now) {
  ticket_key *k = &page->keys[count % SLOTS];
  if (RAND_bytes((unsigned char *)k, sizeof *k) != 1) return -1;
  page->made_at = now;
  atomic_store(&page->count, count);
  OPENSSL_cleanse(&page->keys[(count + 1) % SLOTS], sizeof *k); /* expired: two rotations old */
  return 0;
}

int tlskeys_init(void) {
  void *p = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return -1;
  madvise(p, sizeof *page, MADV_DONTDUMP);
  page = p;
  if (!make_key(1, shm_clock())) return 0;
  munmap(p, sizeof *page);
  page = NULL;
  errno = EIO;
  return -1;
}

void tlskeys_turn(double now) {
  if (page && now - page->made_at >= TURN_S) make_key(atomic_load(&page->count) + 1, now);
}

static int use(const ticket_key *k, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
               int encrypt) {
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)k->mac, KEY),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  int ok = encrypt ? EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->cipher, iv)
                   : EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->cipher, iv);
  return ok == 1 && EVP_MAC_CTX_set_params(mac, params) == 1 ? 1 : -1;
}

/* 1: resume; 2: resume and issue a new ticket; 0: unknown key, full handshake. */
int tlskeys_on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                  EVP_MAC_CTX *mac, int encrypt) {
  (void)ssl;
  if (!page) return encrypt ? -1 : 0;
  uint32_t count = atomic_load(&page->count);
  const ticket_key *now = &page->keys[count % SLOTS], *last = &page->keys[(count + 2) % SLOTS];
  if (encrypt) {
    if (RAND_bytes(iv, IV) != 1) return -1;
    memcpy(name, now->name, NAME);
    return use(now, iv, cipher, mac, 1);
  }
  if (!memcmp(name, now->name, NAME)) return use(now, iv, cipher, mac, 0);
  if (count < 2 || memcmp(name, last->name, NAME) != 0) return 0;
  return use(last, iv, cipher, mac, 0) == 1 ? 2 : -1;
}

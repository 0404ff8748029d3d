/* SPDX-License-Identifier: MIT
 * index.c -- see index.h: rows, and a table with linear probing that finds one by its id.
 *
 * Owns: the mapping.  A process that dies with the lock leaves the table in doubt, so whoever
 * gets the lock next empties the index, and it is filled anew. */
#include "sense/index.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "core/shm.h"
#include "host_api.h"
#include "sense/matmul.h"

_Static_assert((int)INDEX_VECTOR == (int)MATMUL_DOT, "matmul_dot takes whole vectors");

static const double LEASE_S = 10, FRESH_S = 0.5;

typedef struct {
  uint32_t version; /* odd while it is written */
  uint32_t kind;    /* a bit; 0: free */
  float length;
  uint32_t next;    /* of the free ones: index + 1 */
  uint8_t id[INDEX_ID];
  int8_t v[INDEX_VECTOR];
} row;

static struct {
  pthread_mutex_t lock;
  uint32_t epoch;                /* grows when it is emptied */
  uint32_t ready;                /* it has been filled completely */
  uint32_t count, used, free;    /* rows ever used, rows in use, the first free one + 1 */
  uint32_t room, slots;          /* slots: a power of two, at least twice the room */
  char model[INDEX_MODEL];
  char cursor[INDEX_CURSOR];     /* how far it was filled, in its filler's words */
  uint32_t cursor_n;
  double fresh_at, lease_until;
} *all;

static row *rows;
static uint32_t *slot;           /* row + 1; 0: empty */

/* ---- the mapping ---- */

static int make_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t a;
  pthread_mutexattr_init(&a);
  pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
  errno = pthread_mutex_init(lock, &a);
  pthread_mutexattr_destroy(&a);
  return errno ? -1 : 0;
}

int index_init(uint32_t room) {
  uint32_t slots = 64;
  while (slots < 2 * room) slots *= 2;
  size_t head = (sizeof *all + 63) / 64 * 64, table = slots * sizeof *slot;
  void *p = mmap(NULL, head + table + room * sizeof(row), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return -1;
  all = p;
  slot = (uint32_t *)((char *)p + head);
  rows = (row *)((char *)p + head + table);
  all->room = room;
  all->slots = slots;
  return make_lock(&all->lock);
}

/* ---- writing: with the lock ---- */

static void write_row(row *r, uint32_t kind, const void *id, const int8_t *v) {
  uint32_t odd = (r->version + 1) | 1; /* also after a writer that died at it */
  __atomic_store_n(&r->version, odd, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  r->kind = kind;
  if (v) {
    memcpy(r->id, id, INDEX_ID);
    memcpy(r->v, v, INDEX_VECTOR);
    r->length = sqrtf((float)matmul_dot(v, v));
  }
  __atomic_store_n(&r->version, odd + 1, __ATOMIC_RELEASE);
}

static void empty(void) {
  for (uint32_t i = 0; i < all->count; i++) write_row(&rows[i], 0, NULL, NULL);
  memset(slot, 0, all->slots * sizeof *slot);
  all->count = all->used = all->free = all->cursor_n = 0;
  all->fresh_at = 0;
  __atomic_store_n(&all->ready, 0, __ATOMIC_RELEASE);
  __atomic_add_fetch(&all->epoch, 1, __ATOMIC_RELEASE);
}

static bool enter(void) {
  if (!all) return false;
  int e = pthread_mutex_lock(&all->lock);
  if (e == EOWNERDEAD) {
    pthread_mutex_consistent(&all->lock);
    empty();
    all->lease_until = 0;
  }
  return e == 0 || e == EOWNERDEAD;
}

static int leave(int result) {
  pthread_mutex_unlock(&all->lock);
  return result;
}

static uint32_t home_of(const void *id) {
  uint64_t a, b;
  memcpy(&a, id, 8);
  memcpy(&b, (const char *)id + 8, 8);
  a = (a ^ b * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
  return (uint32_t)(a >> 32) & (all->slots - 1);
}

/* The slot of an id, or the empty one where it belongs. */
static uint32_t find(const void *id) {
  uint32_t s = home_of(id);
  while (slot[s] && memcmp(rows[slot[s] - 1].id, id, INDEX_ID)) s = (s + 1) & (all->slots - 1);
  return s;
}

/* Closes the gap, so that what comes behind it is still found. */
static void close_gap(uint32_t gap) {
  uint32_t mask = all->slots - 1;
  slot[gap] = 0;
  for (uint32_t s = (gap + 1) & mask; slot[s]; s = (s + 1) & mask) {
    uint32_t home = home_of(rows[slot[s] - 1].id);
    if (((s - home) & mask) < ((s - gap) & mask)) continue;
    slot[gap] = slot[s];
    slot[s] = 0;
    gap = s;
  }
}

static void drop(const void *id) {
  uint32_t s = find(id), i = slot[s];
  if (!i) return;
  close_gap(s);
  write_row(&rows[i - 1], 0, NULL, NULL);
  rows[i - 1].next = all->free;
  all->free = i;
  all->used--;
}

/* Another row, index + 1; 0: there is no room. */
static uint32_t another(void) {
  uint32_t i = all->free;
  if (i) all->free = rows[i - 1].next;
  else if (all->count < all->room) i = all->count + 1;
  return i;
}

static int put(const void *id, uint32_t kind, const int8_t *v) {
  uint32_t s = find(id), i = slot[s];
  bool is_new = !i;
  if (is_new) i = another();
  if (!i) return HOST_EFULL;
  write_row(&rows[i - 1], kind, id, v);
  slot[s] = i;
  if (i > all->count) __atomic_store_n(&all->count, i, __ATOMIC_RELEASE);
  all->used += is_new;
  return 0;
}

int host_index_put(host_str *id, int kind, host_str *vector) {
  if (id->n != INDEX_ID || kind < 0 || (kind && vector->n != INDEX_VECTOR)) return HOST_EINVAL;
  if (!enter()) return HOST_EDOWN;
  if (kind) return leave(put(id->p, (uint32_t)kind, (const int8_t *)vector->p));
  drop(id->p);
  return leave(0);
}

/* ---- who fills it ---- */

static int begin(const char *model, host_str *out) {
  static char cursor[INDEX_CURSOR];
  double now = shm_clock();
  if (memcmp(all->model, model, INDEX_MODEL)) {
    empty();
    memcpy(all->model, model, INDEX_MODEL);
    all->lease_until = 0; /* whoever fills it finds out at its next HOST_INDEX_KEEP */
  }
  if (all->fresh_at && now - all->fresh_at < FRESH_S) return HOST_INDEX_FRESH;
  if (now < all->lease_until) return all->ready ? HOST_INDEX_FRESH : HOST_INDEX_FILLING;
  all->lease_until = now + LEASE_S;
  memcpy(cursor, all->cursor, all->cursor_n);
  *out = (host_str){cursor, all->cursor_n};
  return HOST_INDEX_YOURS;
}

static int end(const char *model, const host_str *cursor, int what) {
  if (memcmp(all->model, model, INDEX_MODEL) || all->lease_until <= 0) return HOST_EGONE;
  double now = shm_clock();
  all->lease_until = what == HOST_INDEX_KEEP ? now + LEASE_S : 0;
  if (what != HOST_INDEX_DONE) return 0;
  memcpy(all->cursor, cursor->p, cursor->n);
  all->cursor_n = cursor->n;
  all->fresh_at = now;
  __atomic_store_n(&all->ready, 1, __ATOMIC_RELEASE);
  return 0;
}

int host_index_turn(int what, host_str *model, host_str *cursor, host_str *out) {
  if (model->n != INDEX_MODEL || cursor->n > INDEX_CURSOR) return HOST_EINVAL;
  if (what < HOST_INDEX_BEGIN || what > HOST_INDEX_FAILED) return HOST_EINVAL;
  if (!enter()) return HOST_EDOWN;
  *out = (host_str){"", 0};
  return leave(what == HOST_INDEX_BEGIN ? begin(model->p, out) : end(model->p, cursor, what));
}

int host_index_size(void) {
  return all ? (int)__atomic_load_n(&all->used, __ATOMIC_RELAXED) : 0;
}

/* ---- searching: without the lock ---- */

float index_cosine(const int8_t *a, const int8_t *b) {
  float lengths = sqrtf((float)matmul_dot(a, a)) * sqrtf((float)matmul_dot(b, b));
  return lengths > 0 ? (float)matmul_dot(a, b) / lengths : 0;
}

/* A heap whose first is the worst. */
static void sift(index_hit *heap, int n, int i) {
  for (int child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && heap[child + 1].score < heap[child].score) child++;
    if (heap[i].score <= heap[child].score) return;
    index_hit h = heap[i];
    heap[i] = heap[child];
    heap[child] = h;
  }
}

static int keep(index_hit *heap, int n, int most, const index_hit *h) {
  if (n == most) {
    if (h->score <= heap[0].score) return n;
    heap[0] = *h;
    sift(heap, n, 0);
    return n;
  }
  heap[n] = *h;
  for (int i = n; i > 0 && heap[(i - 1) / 2].score > heap[i].score; i = (i - 1) / 2) {
    index_hit up = heap[(i - 1) / 2];
    heap[(i - 1) / 2] = heap[i];
    heap[i] = up;
  }
  return n + 1;
}

/* False: it is of no such kind, or was written meanwhile. */
static bool look(const row *r, const int8_t *v, float length, uint32_t kinds, index_hit *h) {
  uint32_t version = __atomic_load_n(&r->version, __ATOMIC_ACQUIRE);
  if (version & 1 || !(r->kind & kinds)) return false;
  float lengths = r->length * length;
  h->score = lengths > 0 ? (float)matmul_dot(r->v, v) / lengths : 0;
  memcpy(h->id, r->id, INDEX_ID);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&r->version, __ATOMIC_RELAXED) == version;
}

static bool is_by(const char *model) {
  return all && __atomic_load_n(&all->ready, __ATOMIC_ACQUIRE) &&
         !memcmp(all->model, model, INDEX_MODEL);
}

int index_nearest(const char *model, const int8_t *v, uint32_t kinds, int most, index_hit *out) {
  if (!is_by(model)) return HOST_EDOWN;
  uint32_t epoch = __atomic_load_n(&all->epoch, __ATOMIC_ACQUIRE);
  uint32_t count = __atomic_load_n(&all->count, __ATOMIC_ACQUIRE);
  float length = sqrtf((float)matmul_dot(v, v));
  int n = 0;
  index_hit h = {.score = 0};
  for (uint32_t i = 0; i < count; i++)
    if (look(&rows[i], v, length, kinds, &h)) n = keep(out, n, most, &h);
  if (__atomic_load_n(&all->epoch, __ATOMIC_ACQUIRE) != epoch) return HOST_EDOWN;
  for (int left = n; left > 1;) { /* the worst to the end, again and again */
    index_hit worst = out[0];
    out[0] = out[--left];
    out[left] = worst;
    sift(out, left, 0);
  }
  return n;
}

/* SPDX-License-Identifier: MIT
 * logring.c -- see logring.h: a ring of whole lines, each found again by how many bytes were before it.
 *
 * Owns: the shared memory.  Must never make a process that logs wait: the lock is held for one copy,
 * and one whose holder was killed is taken over. */
#include "core/logring.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "host_api.h"

enum { RING_BYTES = 512 * 1024, TAIL_BYTES = 256 * 1024, SPINS = 4096 };

typedef struct {
  uint32_t lock;
  uint64_t end; /* bytes that were ever added */
  char p[RING_BYTES];
} ring;

static ring *shared;

int logring_share(void) {
  void *p = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return -1;
  shared = p;
  return 0;
}

static void lock(void) {
  for (int i = 0; i < SPINS; i++) {
    uint32_t free_now = 0;
    if (__atomic_compare_exchange_n(&shared->lock, &free_now, 1, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
      return;
    if (i % 64 == 63) sched_yield();
  }
}

static void unlock(void) {
  __atomic_store_n(&shared->lock, 0, __ATOMIC_RELEASE);
}

/* How many of n bytes at a position lie before the end of the ring; the others are at its beginning. */
static size_t before_end(uint64_t position, size_t n) {
  size_t room = RING_BYTES - (size_t)(position % RING_BYTES);
  return n < room ? n : room;
}

void logring_add(const char *line, size_t n) {
  if (!shared || n >= RING_BYTES) return;
  lock();
  size_t first = before_end(shared->end, n);
  memcpy(shared->p + shared->end % RING_BYTES, line, first);
  memcpy(shared->p, line + first, n - first);
  shared->end += n;
  unlock();
}

static void copy_out(uint64_t position, char *out, size_t n) {
  size_t first = before_end(position, n);
  memcpy(out, shared->p + position % RING_BYTES, first);
  memcpy(out + first, shared->p, n - first);
}

static char at(uint64_t position) {
  return shared->p[position % RING_BYTES];
}

/* The first beginning of a line at or behind `from`. */
static uint64_t line_start(uint64_t from, uint64_t oldest) {
  if (!from || (from > oldest && at(from - 1) == '\n')) return from;
  while (from < shared->end && at(from) != '\n') from++;
  return from < shared->end ? from + 1 : from;
}

/* Whole lines from the position `from` on, or, where it is negative, the newest: at most `max` bytes.
 * Returns the position of the first; lines before it are no longer here. */
double host_log_tail(double from, int max, host_str *out) {
  static char text[TAIL_BYTES];
  *out = (host_str){text, 0};
  if (!shared) return 0;
  size_t most = max > 0 && max < TAIL_BYTES ? (size_t)max : TAIL_BYTES;
  lock();
  uint64_t end = shared->end, oldest = end > RING_BYTES ? end - RING_BYTES : 0;
  uint64_t newest = end > most ? end - most : 0;
  uint64_t start = from >= 0 && from <= (double)end ? (uint64_t)from : newest;
  start = line_start(start > oldest ? start : oldest, oldest);
  size_t n = end - start < most ? (size_t)(end - start) : most;
  copy_out(start, text, n);
  unlock();
  while (n && text[n - 1] != '\n') n--;
  out->n = (uint32_t)n;
  return (double)start;
}

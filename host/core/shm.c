/* SPDX-License-Identifier: MIT
 * shm.c -- see shm.h: one anonymous shared mapping, made before the fork.
 *
 * Owns: the mapping.  A process may be killed at any instant, so nothing here may need a clean-up
 * to stay usable: entries are published by one release store, and a lock has a bounded wait. */
#include "core/shm.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "core/pack.h"
#include "host_api.h"

enum {
  METRICS_MAX = 8192, /* names per process; untouched entries cost no memory */
  METRIC_SLOTS = 16384,
  METRIC_NAME = 192,
  RATE_SETS = 4096,
  RATE_WAYS = 8,
  RATE_SPINS = 20000,
  DUMP_MAX = 8 * 1024 * 1024,
  LABELS_MAX = 1024, /* per worker */
  STRUCK_MAX = 32,
  PAGES = 2 * SHM_WORKERS_MAX /* a worker and its successor */
};

typedef struct {
  uint64_t hash;
  double value;
  char name[METRIC_NAME];
} metric;

typedef struct {
  uint32_t started, busy, turn, retiring, loading;
  uint32_t db_ready, db_starved; /* connections to the database; it can get none */
  double since;
  host_beat beat;
  uint32_t n_labels;
  char label[LABELS_MAX][SHM_LABEL]; /* number 1 is the first */
  uint32_t n_metrics;
  uint16_t slot[METRIC_SLOTS]; /* hash -> index + 1 of `metrics` */
  metric metrics[METRICS_MAX];
} page;

typedef struct {
  uint64_t hash; /* 0: free */
  double tokens, at, full_at;
} bucket;

typedef struct {
  uint32_t lock;
  bucket way[RATE_WAYS];
} rate_set;

static struct {
  int workers;
  uint64_t seed[2]; /* keys the hash, so that nobody can aim many keys at one set of buckets */
  uint32_t successor[SHM_WORKERS_MAX]; /* which of a worker's two pages is in use */
  uint32_t n_struck;
  char struck[STRUCK_MAX][SHM_LABEL];
  rate_set rate[RATE_SETS];
  page page[PAGES];
  page supervisor;
} *shm;

/* This process's page: the supervisor's until shm_attach(). */
static page *self;

int shm_page(int worker, bool leaving) {
  return 2 * worker + ((int)shm->successor[worker] ^ leaving);
}

static page *page_of(int worker) {
  return &shm->page[shm_page(worker, false)];
}

/* The number of pages with metrics: the workers', then the supervisor's. */
static int pages(void) {
  return 2 * shm->workers + 1;
}

static page *page_at(int i) {
  return i < 2 * shm->workers ? &shm->page[i] : &shm->supervisor;
}

double shm_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int shm_init(int workers) {
  void *p = mmap(NULL, sizeof *shm, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return -1;
  shm = p;
  shm->workers = workers;
  self = &shm->supervisor;
  if (getrandom(shm->seed, sizeof shm->seed, 0) != sizeof shm->seed) return -1;
  return 0;
}

/* ---- heartbeats ---- */

/* When a worker is replaced its gauges start again from zero; a counter must never go back. */
static bool is_counter(const char *name) {
  size_t n = strcspn(name, "{");
  static const char *const tails[] = {"_total", "_count", "_sum", "_bucket"};
  for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
    size_t k = strlen(tails[i]);
    if (n >= k && !memcmp(name + n - k, tails[i], k)) return true;
  }
  return false;
}

void shm_succeed(int worker) {
  if (!shm) return;
  shm->successor[worker] ^= 1;
}

static void clear(page *p) {
  p->started = p->busy = p->retiring = p->loading = p->n_labels = 0;
  p->db_ready = p->db_starved = 0;
  p->beat = (host_beat){.struck = (int32_t)shm->n_struck};
  for (uint32_t i = 0; i < p->n_metrics; i++)
    if (!is_counter(p->metrics[i].name)) p->metrics[i].value = 0;
}

void shm_attach(int worker) {
  if (!shm) return;
  self = worker < 0 ? NULL : page_of(worker);
  if (self) clear(self);
}

void shm_forget(int worker) {
  if (shm) clear(&shm->page[shm_page(worker, true)]);
}

void shm_started(void) {
  if (self) __atomic_store_n(&self->started, 1, __ATOMIC_RELEASE);
}

void shm_retiring(void) {
  if (self) __atomic_store_n(&self->retiring, 1, __ATOMIC_RELEASE);
}

void shm_busy(void) {
  if (!self) return;
  self->since = shm_clock();
  __atomic_store_n(&self->turn, self->turn + 1, __ATOMIC_RELAXED);
  __atomic_store_n(&self->busy, 1, __ATOMIC_RELEASE);
}

void shm_loading(bool is) {
  if (!self) return;
  if (!is && self->busy) shm_busy();
  __atomic_store_n(&self->loading, is, __ATOMIC_RELEASE);
}

void shm_idle(void) {
  if (self) __atomic_store_n(&self->busy, 0, __ATOMIC_RELEASE);
}

double shm_busy_for(void) {
  if (!self) return -1;
  return self->busy ? shm_clock() - self->since : 0;
}

/* ---- connections to the database, by worker ---- */

void shm_database(int ready, bool starved) {
  if (!self) return;
  __atomic_store_n(&self->db_ready, (uint32_t)ready, __ATOMIC_RELAXED);
  __atomic_store_n(&self->db_starved, starved, __ATOMIC_RELAXED);
}

/* Another worker that serves and is not retiring, or NULL. */
static page *sibling(int i) {
  page *p = page_of(i);
  return p != self && __atomic_load_n(&p->started, __ATOMIC_ACQUIRE) && !p->retiring ? p : NULL;
}

bool shm_database_starved(void) {
  for (int i = 0; shm && self && i < shm->workers; i++) {
    const page *p = sibling(i);
    if (p && __atomic_load_n(&p->db_starved, __ATOMIC_RELAXED)) return true;
  }
  return false;
}

int shm_database_sibling(void) {
  int best = -1;
  uint32_t most = 0;
  for (int i = 0; shm && self && i < shm->workers; i++) {
    const page *p = sibling(i);
    uint32_t n = p ? __atomic_load_n(&p->db_ready, __ATOMIC_RELAXED) : 0;
    if (n > most) best = i, most = n;
  }
  return best;
}

/* The worker may write while we read: the copy is bounded and NUL-terminated, which is enough. */
static void read_page(const page *p, shm_beat *out) {
  *out = (shm_beat){0};
  out->busy = __atomic_load_n(&p->busy, __ATOMIC_ACQUIRE);
  out->started = __atomic_load_n(&p->started, __ATOMIC_ACQUIRE);
  out->retiring = __atomic_load_n(&p->retiring, __ATOMIC_ACQUIRE);
  out->loading = __atomic_load_n(&p->loading, __ATOMIC_ACQUIRE);
  out->turn = p->turn;
  out->since = p->since;
  int32_t label = p->beat.label, n = p->beat.ref_n;
  out->named = label < 0;
  if (label < 0) label = -label;
  if (label > 0 && label <= LABELS_MAX) memcpy(out->label, p->label[label - 1], SHM_LABEL - 1);
  if (n < 0 || n > (int32_t)sizeof p->beat.ref) n = 0;
  snprintf(out->what, sizeof out->what, n && *out->label ? "%s (%.*s)" : "%s",
           *out->label ? out->label : "the runtime", (int)n, p->beat.ref);
}

void shm_look(int worker, shm_beat *out) {
  *out = (shm_beat){0};
  if (shm) read_page(page_of(worker), out);
}

void shm_self(shm_beat *out) {
  *out = (shm_beat){0};
  if (self) read_page(self, out);
}

/* ---- labels ---- */

host_beat *host_beat_page(void) {
  static host_beat none; /* for a process that nobody watches */
  return self ? &self->beat : &none;
}

int host_label(host_str *name) {
  size_t n = name->n < SHM_LABEL ? name->n : SHM_LABEL - 1;
  if (!self || !n || memchr(name->p, 0, n)) return 0;
  for (uint32_t i = 0; i < self->n_labels; i++)
    if (!memcmp(self->label[i], name->p, n) && !self->label[i][n]) return (int)i + 1;
  if (self->n_labels == LABELS_MAX) return 0;
  char *to = self->label[self->n_labels];
  memcpy(to, name->p, n);
  to[n] = 0;
  return (int)++self->n_labels;
}

int host_label_struck(int label) {
  if (!self || label < 1 || label > (int)self->n_labels) return 0;
  uint32_t n = __atomic_load_n(&shm->n_struck, __ATOMIC_ACQUIRE);
  for (uint32_t i = 0; i < n && i < STRUCK_MAX; i++)
    if (!strcmp(shm->struck[i], self->label[label - 1])) return 1;
  return 0;
}

static void publish_struck(uint32_t n) {
  __atomic_store_n(&shm->n_struck, n, __ATOMIC_RELEASE);
  for (int i = 0; i < PAGES; i++)
    __atomic_store_n(&shm->page[i].beat.struck, (int32_t)n, __ATOMIC_RELEASE);
}

int shm_strike(const char *label) {
  if (!shm || shm->n_struck == STRUCK_MAX) return -1;
  snprintf(shm->struck[shm->n_struck], SHM_LABEL, "%s", label);
  publish_struck(shm->n_struck + 1);
  return 0;
}

void shm_pardon(void) {
  if (shm) publish_struck(0);
}

/* ---- hashing: SipHash-1-3 (https://131002.net/siphash/) ---- */

static uint64_t rotate(uint64_t x, int b) {
  return x << b | x >> (64 - b);
}

static void sip_round(uint64_t v[4]) {
  v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
  v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
  v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
  v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

static uint64_t hash_of(const char *p, size_t n) {
  uint64_t k0 = shm->seed[0], k1 = shm->seed[1];
  uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                   k1 ^ 0x7465646279746573};
  uint64_t word = 0;
  for (size_t left = n; left >= 8; left -= 8, p += 8) {
    memcpy(&word, p, 8);
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
  }
  word = 0;
  memcpy(&word, p, n % 8);
  word |= (uint64_t)n << 56;
  v[3] ^= word;
  sip_round(v);
  v[0] ^= word;
  v[2] ^= 0xff;
  for (int i = 0; i < 3; i++) sip_round(v);
  uint64_t h = v[0] ^ v[1] ^ v[2] ^ v[3];
  return h ? h : 1;
}

/* ---- metrics ---- */

static metric *metric_find(page *p, uint64_t hash, const char *name, size_t n) {
  for (size_t i = 0; i < METRIC_SLOTS; i++) {
    uint16_t at = __atomic_load_n(&p->slot[(hash + i) % METRIC_SLOTS], __ATOMIC_ACQUIRE);
    if (!at) return NULL;
    metric *m = &p->metrics[at - 1];
    if (m->hash == hash && !strncmp(m->name, name, n) && !m->name[n]) return m;
  }
  return NULL;
}

static metric *metric_new(page *p, uint64_t hash, const char *name, size_t n) {
  if (p->n_metrics == METRICS_MAX) return NULL;
  metric *m = &p->metrics[p->n_metrics];
  m->hash = hash;
  m->value = 0;
  memcpy(m->name, name, n);
  m->name[n] = 0;
  size_t i = hash % METRIC_SLOTS;
  while (p->slot[i]) i = (i + 1) % METRIC_SLOTS; /* never full: half as many metrics as slots */
  __atomic_store_n(&p->slot[i], (uint16_t)(p->n_metrics + 1), __ATOMIC_RELEASE);
  __atomic_store_n(&p->n_metrics, p->n_metrics + 1, __ATOMIC_RELEASE);
  return m;
}

static int metric_own(const host_str *name, metric **out) {
  if (!self || !name->n || name->n >= METRIC_NAME || memchr(name->p, 0, name->n))
    return HOST_EINVAL;
  uint64_t hash = hash_of(name->p, name->n);
  *out = metric_find(self, hash, name->p, name->n);
  if (!*out) *out = metric_new(self, hash, name->p, name->n);
  return *out ? 0 : HOST_EFULL;
}

static int metric_write(const host_str *name, double value, bool add) {
  metric *m;
  if (!isfinite(value)) return HOST_EINVAL;
  int failed = metric_own(name, &m);
  if (failed) return failed;
  if (add) value += m->value;
  __atomic_store(&m->value, &value, __ATOMIC_RELAXED);
  return 0;
}

int host_metric_add(host_str *name, double by) {
  return metric_write(name, by, true);
}

int host_metric_set(host_str *name, double value) {
  return metric_write(name, value, false);
}

void shm_count(const char *name, double by) {
  metric_write(&(host_str){name, (uint32_t)strlen(name)}, by, true);
}

void shm_gauge(const char *name, double value) {
  metric_write(&(host_str){name, (uint32_t)strlen(name)}, value, false);
}

double host_metric_get(host_str *name) {
  double sum = 0;
  bool known = false;
  if (!shm || !name->n || name->n >= METRIC_NAME) return NAN;
  uint64_t hash = hash_of(name->p, name->n);
  for (int i = 0; i < pages(); i++) {
    double value;
    metric *m = metric_find(page_at(i), hash, name->p, name->n);
    if (!m) continue;
    __atomic_load(&m->value, &value, __ATOMIC_RELAXED);
    sum += value;
    known = true;
  }
  return known ? sum : NAN;
}

/* The sum over all processes; false if an earlier page has already listed the name. */
static bool metric_sum(int at, const metric *m, double *sum) {
  *sum = 0;
  for (int i = 0; i < pages(); i++) {
    metric *other = metric_find(page_at(i), m->hash, m->name, strlen(m->name));
    if (!other) continue;
    if (i < at) return false;
    double value;
    __atomic_load(&other->value, &value, __ATOMIC_RELAXED);
    *sum += value;
  }
  return true;
}

/* Two passes over the same entries: count, then write.  Pages only grow, so `n` fixes the set. */
static int dump_pass(const uint32_t *n, buf *b, uint32_t *count) {
  for (int w = 0; w < pages(); w++) {
    for (uint32_t i = 0; i < n[w]; i++) {
      const metric *m = &page_at(w)->metrics[i];
      double sum;
      if (!metric_sum(w, m, &sum)) continue;
      ++*count;
      if (b && (pack_z(b, m->name) || pack_num(b, sum))) return HOST_EFULL;
    }
  }
  return 0;
}

int host_metric_dump(host_str *out) {
  static buf b = {.max = DUMP_MAX};
  if (!shm) return HOST_EINVAL;
  uint32_t n[PAGES + 1] = {0}, count = 0, written = 0;
  for (int i = 0; i < pages(); i++) n[i] = __atomic_load_n(&page_at(i)->n_metrics, __ATOMIC_ACQUIRE);
  dump_pass(n, NULL, &count);
  b.n = 0;
  if (pack_map(&b, count) || dump_pass(n, &b, &written) || written != count) return HOST_EFULL;
  *out = (host_str){b.p, (uint32_t)b.n};
  return 0;
}

/* ---- rate limits: token buckets ---- */

/* The lock is held for some 50 ns.  A process killed meanwhile never releases it, so after the
 * bound we take it over; at worst one token is counted twice. */
static void rate_lock(rate_set *s) {
  for (int i = 0; i < RATE_SPINS; i++) {
    uint32_t free_now = 0;
    if (__atomic_compare_exchange_n(&s->lock, &free_now, 1, false, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED))
      return;
    if (i % 64 == 63) sched_yield();
  }
}

/* This key's bucket, or NULL. */
static bucket *rate_find(rate_set *s, uint64_t hash) {
  for (int i = 0; i < RATE_WAYS; i++)
    if (s->way[i].hash == hash) return &s->way[i];
  return NULL;
}

/* A bucket for a new key.  A full bucket holds no information, so the
 * one that is or will be full first makes room: flooding the table with
 * new addresses does not evict a client that has used up its tokens. */
static bucket *rate_new(rate_set *s, uint64_t hash, double now, double burst) {
  bucket *first = &s->way[0];
  for (int i = 1; i < RATE_WAYS; i++)
    if (s->way[i].full_at < first->full_at) first = &s->way[i];
  *first = (bucket){.hash = hash, .tokens = burst, .at = now};
  return first;
}

static int rate_use(rate_set *s, uint64_t hash, double rate, double burst, int n) {
  double now = shm_clock();
  bucket *b = rate_find(s, hash);
  if (!b && !n) return 1;
  if (!b) b = rate_new(s, hash, now, burst);
  if (now > b->at) b->tokens += (now - b->at) * rate;
  if (b->tokens > burst) b->tokens = burst;
  int granted = b->tokens >= (n > 1 ? n : 1);
  if (n < 0) b->tokens = 0;
  else if (granted) b->tokens -= n;
  b->at = now;
  b->full_at = now + (burst - b->tokens) / rate;
  return granted;
}

double host_rate_left(host_str *key, double rate, double burst) {
  if (!shm) return burst;
  uint64_t hash = hash_of(key->p, key->n);
  rate_set *s = &shm->rate[(hash >> 32) % RATE_SETS];
  rate_lock(s);
  const bucket *b = rate_find(s, hash);
  double now = shm_clock(), left = b ? b->tokens : burst;
  if (b && now > b->at) left += (now - b->at) * rate;
  __atomic_store_n(&s->lock, 0, __ATOMIC_RELEASE);
  return left < burst ? left : burst;
}

int host_rate_take(host_str *key, double rate, double burst, int n) {
  if (!(rate > 0) || !(burst >= 1) || !isfinite(rate) || !isfinite(burst))
    return HOST_EINVAL;
  if (!shm) return 1;
  uint64_t hash = hash_of(key->p, key->n);
  rate_set *s = &shm->rate[(hash >> 32) % RATE_SETS];
  rate_lock(s);
  int granted = rate_use(s, hash, rate, burst, n);
  __atomic_store_n(&s->lock, 0, __ATOMIC_RELEASE);
  return granted;
}

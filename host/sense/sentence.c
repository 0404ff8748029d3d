/* SPDX-License-Identifier: MIT
 * sentence.c -- host_sentence() and host_nearest(): the encoder and the index as ops, run in the
 * thread pool.
 *
 * Owns: the weights of this process, opened by the first job that needs them, and the jobs.  Must
 * never: have more than JOBS_MAX jobs at once, as the pool serves files, too. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/conf.h"
#include "core/loop.h"
#include "core/op.h"
#include "core/pack.h"
#include "core/shm.h"
#include "sense/encoder.h"
#include "sense/index.h"
#include "sense/pieces.h"
#include "sense/weights.h"

enum { JOBS_MAX = 64, WHY = 512 };

static const double AGAIN_S = 5; /* between looks for weights that are not there */

typedef struct job job;
struct job {
  op o; /* closed once nobody waits for it */
  uv_work_t work;
  void (*run)(job *);
  int status;
  void *data;
  size_t n;
  char *text;
  size_t text_n;
  char model[INDEX_MODEL];
  int8_t vector[INDEX_VECTOR];
  uint32_t kinds;
  int most;
};

static int jobs;

/* ---- the weights ---- */

static struct {
  pthread_mutex_t lock;
  weights w;
  bool open;
  double looked_at;
  char why[WHY];
} mine = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void open_weights(void) {
  char path[WHY - 64];
  const char *given = conf_str("search.weights");
  int n = *given ? snprintf(path, sizeof path, "%s", given)
                 : snprintf(path, sizeof path, "%s/search.weights", conf_str("home"));
  const char *why = n < (int)sizeof path ? weights_open(path, &mine.w) : "the path is too long";
  mine.open = !why;
  mine.looked_at = shm_clock();
  if (why) snprintf(mine.why, sizeof mine.why, "search.weights: %s: %s", path, why);
}

/* NULL: there are none, and mine.why says why.  Once open they stay. */
static const weights *weights_of(char why[WHY]) {
  pthread_mutex_lock(&mine.lock);
  if (!mine.open && (!mine.looked_at || shm_clock() - mine.looked_at > AGAIN_S)) open_weights();
  if (!mine.open) memcpy(why, mine.why, WHY);
  pthread_mutex_unlock(&mine.lock);
  return mine.open ? &mine.w : NULL;
}

/* ---- jobs ---- */

static void fail(job *j, int status, const char *why) {
  j->status = status;
  j->data = strdup(why);
  j->n = j->data ? strlen(why) : 0;
}

static void name_model(const weights *w, char name[INDEX_MODEL + 1]) {
  for (int i = 0; i < INDEX_MODEL / 2; i++) snprintf(name + 2 * i, 3, "%02x", w->head.sha256[i]);
}

static void encode(job *j) {
  char why[WHY], name[INDEX_MODEL + 1];
  uint32_t ids[WEIGHTS_TOKENS];
  float v[WEIGHTS_OUT];
  const weights *w = weights_of(why);
  if (!w) return fail(j, HOST_EDOWN, why);
  int n = pieces_cut(w, j->text, j->text_n, ids);
  if (n == 0) return fail(j, HOST_EINVAL, "there is nothing in the text");
  char *data = n > 0 && !encoder_run(w, ids, n, v) ? malloc(INDEX_MODEL + INDEX_VECTOR) : NULL;
  if (!data) return fail(j, HOST_EFULL, "no memory");
  name_model(w, name);
  memcpy(data, name, INDEX_MODEL);
  encoder_round(v, w->head.out, (int8_t *)data + INDEX_MODEL);
  j->status = n;
  j->data = data;
  j->n = INDEX_MODEL + INDEX_VECTOR;
}

/* As PostgreSQL writes a UUID. */
static int pack_id(buf *b, const unsigned char id[INDEX_ID]) {
  static const char hex[] = "0123456789abcdef";
  char text[2 * INDEX_ID + 4];
  size_t n = 0;
  for (int i = 0; i < INDEX_ID; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[n++] = '-';
    text[n++] = hex[id[i] >> 4];
    text[n++] = hex[id[i] & 15];
  }
  return pack_str(b, text, n);
}

static int pack_hits(buf *b, const index_hit *hits, int n) {
  if (pack_array(b, 2 * (uint32_t)n)) return -1;
  for (int i = 0; i < n; i++)
    if (pack_id(b, hits[i].id) || pack_num(b, (double)hits[i].score)) return -1;
  return 0;
}

static void nearest(job *j) {
  index_hit *hits = calloc((size_t)j->most, sizeof *hits);
  if (!hits) return fail(j, HOST_EFULL, "no memory");
  j->status = index_nearest(j->model, j->vector, j->kinds, j->most, hits);
  buf b = {0};
  if (j->status >= 0 && pack_hits(&b, hits, j->status)) j->status = HOST_EFULL;
  free(hits);
  j->data = b.p;
  j->n = b.n;
}

static void release(job *j) {
  free(j->text);
  free(j->data);
  free(j);
  jobs--;
}

static void on_work(uv_work_t *work) {
  job *j = (job *)((char *)work - offsetof(job, work));
  j->run(j);
}

static void on_done(uv_work_t *work, int status) {
  job *j = (job *)((char *)work - offsetof(job, work));
  if (j->o.id) {
    void *data = j->data;
    j->data = NULL;
    op_done_own(&j->o, status ? HOST_EFULL : j->status, data, j->n);
  }
  release(j);
}

static void on_cancel(op *o) {
  op_done(o, HOST_ECANCELED, NULL, 0); /* on_done frees it; the thread still finishes the work */
}

static job *new_job(void (*run)(job *)) {
  job *j = jobs < JOBS_MAX ? calloc(1, sizeof *j) : NULL;
  if (!j) return NULL;
  j->run = run;
  jobs++;
  return j;
}

static host_id start(job *j, host_id owner) {
  host_id id = op_open(&j->o, OP_SENTENCE, owner, on_cancel);
  if (id > 0 && uv_queue_work(loop_uv(), &j->work, on_work, on_done)) {
    op_close(&j->o);
    id = HOST_EFULL;
  }
  if (id < 0) release(j);
  return id;
}

host_id host_sentence(host_id owner, host_str *text) {
  if (text->n > HOST_SENTENCE_MAX) return HOST_ELIMIT;
  job *j = new_job(encode);
  if (!j) return HOST_EFULL;
  j->text = malloc(text->n + 1);
  if (!j->text) return release(j), HOST_EFULL;
  if (text->n) memcpy(j->text, text->p, text->n);
  j->text_n = text->n;
  return start(j, owner);
}

host_id host_nearest(host_id owner, host_str *model, host_str *vector, int kinds, int most) {
  if (model->n != INDEX_MODEL || vector->n != INDEX_VECTOR || most < 1) return HOST_EINVAL;
  if (most > HOST_NEAREST_MAX) return HOST_ELIMIT;
  job *j = new_job(nearest);
  if (!j) return HOST_EFULL;
  memcpy(j->model, model->p, INDEX_MODEL);
  memcpy(j->vector, vector->p, INDEX_VECTOR);
  j->kinds = (uint32_t)kinds;
  j->most = most;
  return start(j, owner);
}

double host_likeness(host_str *a, host_str *b) {
  if (a->n != INDEX_VECTOR || b->n != INDEX_VECTOR) return HOST_EINVAL;
  return (double)index_cosine((const int8_t *)a->p, (const int8_t *)b->p);
}

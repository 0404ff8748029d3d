/* SPDX-License-Identifier: MIT
 * filesop.c -- host_file(): file operations as ops, run in the thread pool (files.c).
 *
 * Owns: the job and copies of its arguments.  Must never:
 * hold more than PENDING_MAX bytes of pending writes. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "core/beneath.h"
#include "core/files.h"
#include "core/loop.h"
#include "core/op.h"

enum { PENDING_MAX = 128 * 1024 * 1024 };

typedef struct {
  op o;             /* closed once nobody waits for it */
  uv_work_t work;
  files_job job;
  int result;
  char *texts[5];   /* copies that the job points into */
} filesop;

static size_t pending;

static void release(filesop *w) {
  pending -= w->job.n;
  for (size_t i = 0; i < sizeof w->texts / sizeof *w->texts; i++) free(w->texts[i]);
  buf_free(&w->job.out);
  free(w);
}

static void on_work(uv_work_t *work) {
  filesop *w = (filesop *)((char *)work - offsetof(filesop, work));
  w->result = files_do(&w->job);
}

static void on_done(uv_work_t *work, int status) {
  filesop *w = (filesop *)((char *)work - offsetof(filesop, work));
  if (w->o.id) {
    buf out = w->job.out;
    w->job.out = (buf){0};
    op_done_own(&w->o, status ? HOST_EFULL : w->result, out.p, out.n);
  }
  release(w);
}

static void on_cancel(op *o) {
  op_done(o, HOST_ECANCELED, NULL, 0); /* on_done frees it; the thread still finishes the work */
}

/* Keeps a NUL-terminated copy as the i-th text. */
static const char *keep(filesop *w, int i, const char *p, size_t n) {
  char *copy = malloc(n + 1);
  if (!copy) return NULL;
  if (n) memcpy(copy, p, n);
  copy[n] = 0;
  return w->texts[i] = copy;
}

static bool names_ok(const host_file_spec *s) {
  bool root_ok = s->what == HOST_FILE_LIST || s->what == HOST_FILE_STAT || s->what == HOST_FILE_RUNNING;
  bool name_ok = s->name.n ? beneath_ok(s->name.p, s->name.n) : root_ok;
  return name_ok && (s->what != HOST_FILE_MOVE || beneath_ok(s->to.p, s->to.n));
}

static int fill(filesop *w, const host_file_spec *s) {
  files_job *j = &w->job;
  *j = (files_job){.what = s->what, .flags = s->flags, .n = s->data.n, .max = (size_t)s->max};
  pending += j->n;
  j->root = keep(w, 0, s->root.p, s->root.n);
  j->name = keep(w, 1, s->name.p, s->name.n);
  j->to_root = keep(w, 2, s->to_root.p, s->to_root.n);
  j->to = keep(w, 3, s->to.p, s->to.n);
  j->p = keep(w, 4, s->data.p, s->data.n);
  return j->root && j->name && j->to_root && j->to && j->p ? 0 : HOST_EFULL;
}

int host_file_name_ok(host_str *name) {
  return beneath_ok(name->p, name->n);
}

host_id host_file(host_id owner, host_file_spec *s) {
  if (s->what < HOST_FILE_READ || s->what > HOST_FILE_SWITCH) return HOST_EINVAL;
  if (!(s->max >= 0 && s->max <= 1e12) || !names_ok(s)) return HOST_EINVAL;
  if (pending + s->data.n > PENDING_MAX) return HOST_EFULL;
  filesop *w = calloc(1, sizeof *w);
  if (!w) return HOST_EFULL;
  host_id id = fill(w, s);
  if (!id) id = op_open(&w->o, OP_FILE, owner, on_cancel);
  if (id > 0 && uv_queue_work(loop_uv(), &w->work, on_work, on_done)) {
    op_close(&w->o);
    id = HOST_EFULL;
  }
  if (id < 0) release(w);
  return id;
}

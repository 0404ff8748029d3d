/* SPDX-License-Identifier: MIT
 * upload.c -- see upload.h.
 *
 * Bytes are decoded into the request's body buffer, a window of 64 KB.  From there form fields go
 * to memory, and files into a chunk, which a thread writes and hashes while the next one fills.  At
 * most two chunks of a body are in memory, and at most WRITERS threads of a worker wait for the
 * disk, so that the others stay free to resolve names.
 *
 * Owns: the uploads of this worker with their files.  Must never: wait for the disk, hold a file longer than
 * its request, or write beyond limits.upload_spool_bytes. */
#include "http/upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/op.h"
#include "core/pack.h"
#include "core/shm.h"
#include "http/multipart.h"
#include "http/request.h"
#include "http/serve.h"
#include "http/spool.h"
#include "http/uploadspec.h"

enum {
  CHUNK = 131072,
  WINDOW = 65536,
  UPLOADS = 64, /* at a time, per worker */
  WRITERS = 2,
  WHY = 160
};

typedef struct job job;
struct job {
  uv_work_t work;
  job *next; /* waits for a thread */
  upload *u;
  void (*run)(job *);
  void (*done)(job *);
  spool_file *file;
  char *p;
  size_t n;
  uint64_t keep_free;
  bool last;
  int error;
};

struct upload {
  op o;              /* open until the body is complete or has failed */
  request *r;        /* NULL: the request has ended */
  upload_spec spec;
  multipart *m;      /* NULL: the body is one file */
  spool_file *file[UPLOADSPEC_PARTS];
  unsigned n_files, n_parts, n_begun;
  spool_file *open;  /* the file being filled; NULL: the part is a field */
  uint64_t open_n, open_max; /* its size so far, and its limit */
  buf field, packed; /* the field being read; all complete parts */
  size_t fields_n;   /* of all fields */
  char *chunk, *spare;
  size_t chunk_n;
  bool sealed, last; /* the chunk waits for the previous one; it is the last of its file */
  bool over;         /* everything was read and consumed */
  bool failed, done;
  bool writing;
  int jobs;
  job write;
  uint64_t started, stalled_at;
};

static struct {
  int count, running;
  job *first, *last;
  double bytes; /* in the spool, by this worker */
} all;

/* ---- work for threads ---- */

static void account(double by) {
  all.bytes += by;
  shm_gauge("human_upload_spool_bytes", all.bytes);
}

static double spooled(void) {
  double n = host_metric_get(&(host_str){"human_upload_spool_bytes", 24});
  return n > 0 ? n : 0;
}

static void on_work(uv_work_t *work) {
  job *j = (job *)work;
  j->run(j);
}

static void start_jobs(void);

static void on_worked(uv_work_t *work, int status) {
  job *j = (job *)work;
  (void)status;
  all.running--;
  j->done(j);
  start_jobs();
}

static void start_jobs(void) {
  while (all.first && all.running < WRITERS) {
    job *j = all.first;
    all.first = j->next;
    all.running++;
    uv_queue_work(loop_uv(), &j->work, on_work, on_worked);
  }
}

static void submit(job *j) {
  j->next = NULL;
  if (all.first) all.last->next = j;
  else all.first = j;
  all.last = j;
  start_jobs();
}

/* ---- its end ---- */

static void free_upload(upload *u) {
  buf_free(&u->field);
  buf_free(&u->packed);
  free(u->chunk);
  free(u->spare);
  free(u->m);
  free(u);
  all.count--;
}

static void run_drop(job *j) {
  for (unsigned i = 0; i < j->u->n_files; i++) {
    j->n += (size_t)j->u->file[i]->size;
    spool_drop(j->u->file[i]);
  }
}

static void dropped(job *j) {
  account(-(double)j->n);
  free_upload(j->u);
}

/* Frees an upload that nobody waits for and no thread works on. */
static void drop(upload *u) {
  if (u->r || u->jobs) return;
  u->jobs++;
  u->write = (job){.u = u, .run = run_drop, .done = dropped};
  submit(&u->write);
}

void upload_forget(upload *u) {
  u->r = NULL;
  u->failed = true;
  if (u->o.id) op_done(&u->o, HOST_ECANCELED, NULL, 0);
  drop(u);
}

/* From now on it is an ordinary request; nothing more of its body is read. */
static void leave(upload *u) {
  request *r = u->r;
  conn *c = r ? r->c : NULL;
  if (r) r->state = REQ_IN_FLIGHT;
  if (!c) return;
  c->timed = false;
  c->deadline = 0;
}

static void fail(upload *u, int code, const char *why) {
  if (u->failed || u->done) return;
  u->failed = true;
  leave(u);
  op_done(&u->o, code, why, strlen(why));
}

static void cancel(op *o) {
  upload *u = (upload *)o;
  u->failed = true;
  if (u->r && u->r->state == REQ_UPLOADING) leave(u);
  op_done(o, HOST_ECANCELED, NULL, 0);
}

static void fail_disk(upload *u, int error) {
  bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  log_fmt(LOG_ERROR, "an upload could not be written: %s: %s", spool_dir(), strerror(error));
  if (full) fail(u, HOST_EFULL, "there is no room for it on the disk");
  else fail(u, HOST_EDOWN, "it could not be written");
}

static int pack_file(buf *b, const spool_file *f) {
  return pack_map(b, 3) || pack_z(b, "size") || pack_num(b, (double)f->size) || pack_z(b, "sha256") ||
         pack_str(b, (const char *)f->sha256, SPOOL_SHA256) || pack_z(b, "path") || pack_z(b, f->path);
}

/* {parts, files}: a part that is a file contains its index in `files`. */
static void complete(upload *u) {
  buf b = {0};
  int e = pack_array(&b, 2) || pack_array(&b, u->n_parts) || buf_add(&b, u->packed.p, u->packed.n) ||
          pack_array(&b, u->n_files);
  for (unsigned i = 0; i < u->n_files && !e; i++) e = pack_file(&b, u->file[i]);
  if (e) {
    buf_free(&b);
    return fail(u, HOST_EDOWN, "out of memory");
  }
  u->done = true;
  u->r->unread = false;
  leave(u);
  op_done_own(&u->o, 1, b.p, b.n);
}

static void settle(upload *u) {
  if (!u->failed && !u->done && u->over && !u->writing && !u->sealed) complete(u);
}

/* ---- writing ---- */

static void run_write(job *j) {
  j->error = spool_write(j->file, j->p, j->n, j->keep_free);
  if (!j->error && j->last) j->error = spool_finish(j->file);
}

static void advance(upload *u);
static void start_write(upload *u);

static void written(job *j) {
  upload *u = j->u;
  conn *c = u->r ? u->r->c : NULL;
  account(j->error ? 0 : (double)j->n);
  u->writing = false;
  u->jobs--;
  if (u->failed || !u->r) return drop(u);
  if (j->error) return fail_disk(u, j->error);
  if (u->sealed) {
    u->started += conn_now() - u->stalled_at;
    start_write(u);
  }
  advance(u);
  settle(u);
  if (c) conn_pump(c);
}

static void start_write(upload *u) {
  char *p = u->chunk;
  u->chunk = u->spare;
  u->spare = p;
  u->write = (job){.u = u, .run = run_write, .done = written, .file = u->open, .p = p, .n = u->chunk_n,
                   .last = u->last, .keep_free = (uint64_t)conf_num("limits.upload_free_bytes")};
  if (u->last) u->open = NULL;
  u->chunk_n = 0;
  u->sealed = u->last = false;
  u->writing = true;
  u->jobs++;
  submit(&u->write);
}

/* The chunk must be written before any more input is consumed. */
static void seal(upload *u, bool last) {
  if (spooled() + (double)u->chunk_n > conf_num("limits.upload_spool_bytes"))
    return fail(u, HOST_EFULL, "there are too many uploads now");
  u->sealed = true;
  u->last = last;
  u->stalled_at = conn_now();
  if (!u->writing) start_write(u);
}

static bool open_file(upload *u, uint64_t max) {
  if (!u->chunk) u->chunk = malloc(CHUNK);
  if (!u->spare) u->spare = malloc(CHUNK);
  u->open = u->chunk && u->spare && u->n_files < UPLOADSPEC_PARTS ? spool_new() : NULL;
  u->open_max = max;
  u->open_n = 0;
  if (u->open) u->file[u->n_files++] = u->open;
  else fail(u, HOST_EDOWN, "out of memory");
  return u->open != NULL;
}

static void add_to_file(upload *u, const char *p, size_t n) {
  u->open_n += n;
  if (u->open_n > u->open_max) return fail(u, HOST_ELIMIT, "a file is too large");
  memcpy(u->chunk + u->chunk_n, p, n);
  u->chunk_n += n;
  if (u->chunk_n + MULTIPART_HELD >= CHUNK) seal(u, false);
}

/* ---- the parts of a form ---- */

static void begin_part(upload *u) {
  const multipart *m = u->m;
  char why[WHY];
  uint64_t max;
  u->field.n = 0;
  u->open = NULL;
  if (u->n_begun++ == u->spec.parts_max) return fail(u, HOST_EINVAL, "it has too many parts");
  if (uploadspec_file(&u->spec, m->name, m->name_n, &max)) {
    open_file(u, max);
  } else if (m->has_filename) {
    int n = m->name_n < 64 ? (int)m->name_n : 64;
    snprintf(why, sizeof why, "a file is not expected as \"%.*s\"", n, m->name);
    fail(u, HOST_EINVAL, why);
  }
}

static void add_to_field(upload *u, const char *p, size_t n) {
  u->fields_n += n;
  if (u->fields_n > u->spec.fields_max) return fail(u, HOST_ELIMIT, "its fields are too large");
  if (buf_add(&u->field, p, n)) fail(u, HOST_EDOWN, "out of memory");
}

static int pack_part(upload *u, bool is_file) {
  buf *b = &u->packed;
  const multipart *m = u->m;
  if (pack_map(b, is_file ? 4 : 2) || pack_z(b, "name") || pack_str(b, m->name, m->name_n)) return -1;
  if (!is_file) return pack_z(b, "value") || pack_str(b, u->field.p ? u->field.p : "", u->field.n);
  return pack_z(b, "filename") || pack_str(b, m->filename, m->filename_n) || pack_z(b, "type") ||
         pack_str(b, m->type, m->type_n) || pack_z(b, "file") || pack_int(b, (int32_t)u->n_files);
}

/* What a browser sends if its user has chosen no file. */
static bool is_no_file(const upload *u) {
  return u->m->has_filename && !u->m->filename_n && !u->open_n;
}

static void end_part(upload *u) {
  if (u->open && is_no_file(u)) {
    spool_drop(u->open); /* never opened on disk */
    u->open = NULL;
    u->n_files--;
    return;
  }
  u->n_parts++;
  u->fields_n += u->m->name_n;
  if (u->fields_n > u->spec.fields_max) return fail(u, HOST_ELIMIT, "its fields are too large");
  if (pack_part(u, u->open != NULL)) return fail(u, HOST_EDOWN, "out of memory");
  if (u->open) seal(u, true);
}

static size_t take_form(upload *u, const char *p, size_t n) {
  size_t used, room = CHUNK - MULTIPART_HELD - u->chunk_n;
  if (u->open && n > room) n = room;
  switch (multipart_next(u->m, p, n, &used)) {
    case MULTIPART_PART: begin_part(u); break;
    case MULTIPART_DATA:
      if (u->open) add_to_file(u, u->m->p, u->m->n);
      else add_to_field(u, u->m->p, u->m->n);
      break;
    case MULTIPART_ENDED: end_part(u); break;
    case MULTIPART_BAD: fail(u, HOST_EINVAL, u->m->why); break;
    default: break;
  }
  return used;
}

static size_t take_whole(upload *u, const char *p, size_t n) {
  size_t room = CHUNK - MULTIPART_HELD - u->chunk_n;
  if (n > room) n = room;
  add_to_file(u, p, n);
  return n;
}

static void body_over(upload *u) {
  u->over = true;
  if (!u->m) seal(u, true);
  else if (!multipart_complete(u->m)) fail(u, HOST_EINVAL, "it ends before its last boundary");
}

/* Consumes the window as far as there is room. */
static void advance(upload *u) {
  http1 *h = &u->r->h;
  size_t at = 0;
  while (at < h->body.n && !u->failed && !u->sealed) {
    const char *p = h->body.p + at;
    at += u->m ? take_form(u, p, h->body.n - at) : take_whole(u, p, h->body.n - at);
  }
  h->taken += at;
  buf_take(&h->body, at);
  if (!u->failed && !u->sealed && !u->over && !h->body.n && http1_complete(h)) body_over(u);
}

/* ---- for serve.c ---- */

bool upload_wants(const request *r) {
  const upload *u = r->upload;
  return !u->failed && !u->sealed && !r->h.body.n && !http1_complete(&r->h);
}

bool upload_is_read(const request *r) {
  return http1_complete(&r->h);
}

/* The usual time for a body, and as much again for each limits.body_bytes that have arrived. */
static void grant_time(upload *u) {
  const conn_limits *l = conn_limit();
  const http1 *h = &u->r->h;
  uint64_t due = u->started + l->body_ms + (h->taken + h->body.n) * l->body_ms / l->body_bytes;
  conn_deadline(u->r->c, due > conn_now() ? due - conn_now() : 0, true);
}

size_t upload_feed(request *r, const char *p, size_t n) {
  upload *u = r->upload;
  size_t used;
  int status = http1_feed(&r->h, p, n < WINDOW ? n : WINDOW, &used);
  if (status == 413) fail(u, HOST_ELIMIT, "the body is too large");
  else if (status == 503) fail(u, HOST_EDOWN, "out of memory");
  else if (status > HTTP1_DONE) fail(u, HOST_EINVAL, "its chunks are malformed");
  if (u->failed) return used;
  grant_time(u);
  advance(u);
  settle(u);
  return used;
}

void upload_lost(request *r) {
  fail(r->upload, HOST_EGONE, "the client is gone");
}

bool upload_late(request *r) {
  if (!upload_wants(r)) return false;
  fail(r->upload, HOST_ETIMEOUT, "the body did not arrive in time");
  return true;
}

static void run_clean(job *j) {
  j->n = (size_t)spool_clean();
}

static void cleaned(job *j) {
  if (j->n) log_fmt(LOG_WARN, "%zu files of uploads that an earlier process left are removed", j->n);
  free(j);
}

void upload_init(void) {
  spool_init();
  if (access(spool_dir(), F_OK)) return;
  job *j = calloc(1, sizeof *j);
  if (!j) return;
  j->run = run_clean;
  j->done = cleaned;
  submit(j);
}

/* ---- for Lua ---- */

static int begin(host_id owner, request *r, upload *u) {
  const http1 *h = &r->h;
  if (!h->chunked && h->left > u->spec.max) return HOST_ELIMIT;
  if (spooled() + (double)h->left > conf_num("limits.upload_spool_bytes")) return HOST_EFULL;
  host_id id = op_open(&u->o, OP_UPLOAD, owner, cancel);
  if (id < 0) return id;
  if (!u->m && !open_file(u, u->spec.max)) return HOST_EDOWN;
  return id;
}

static int prepare(upload *u, host_str *spec) {
  if (uploadspec_read(&u->spec, spec)) return HOST_EINVAL;
  if (!u->spec.boundary_n) return 0;
  u->m = malloc(sizeof *u->m);
  if (!u->m) return HOST_EDOWN;
  return multipart_start(u->m, u->spec.boundary, u->spec.boundary_n) ? HOST_EINVAL : 0;
}

host_id host_upload(host_id owner, host_id req, host_str *spec) {
  request *r = (request *)op_find(req, OP_REQUEST);
  if (!r || !r->c) return HOST_EGONE;
  if (!r->unread || r->upload || r->state != REQ_IN_FLIGHT) return HOST_EINVAL;
  upload *u = all.count < UPLOADS ? calloc(1, sizeof *u) : NULL;
  if (!u) return HOST_EDOWN;
  all.count++;
  int id = prepare(u, spec);
  if (!id) id = begin(owner, r, u);
  if (id < 0) {
    free_upload(u);
    return id;
  }
  u->r = r;
  u->started = conn_now();
  r->upload = u;
  r->state = REQ_UPLOADING;
  r->h.body_max = (size_t)u->spec.max;
  if (!conn_held(r->c)) serve_go_on(r);
  grant_time(u);
  conn_pump(r->c);
  return id;
}

/* ---- moving a file to its final place ---- */

typedef struct {
  op o;
  job j;
  char *dir, *to;
} move;

static void run_move(job *j) {
  move *m = (move *)(j->p);
  j->error = spool_move(j->file, m->dir, m->to);
}

static void moved(job *j) {
  upload *u = j->u;
  move *m = (move *)(j->p);
  int e = j->error;
  const char *why = strerror(e);
  u->jobs--;
  if (m->o.id && !e) op_done(&m->o, 1, NULL, 0);
  else if (m->o.id) op_done(&m->o, e == EEXIST ? HOST_EFULL : HOST_EINVAL, why, strlen(why));
  free(m->dir);
  free(m->to);
  free(m);
  drop(u);
}

/* The thread still finishes its work. */
static void move_cancel(op *o) {
  op_done(o, HOST_ECANCELED, NULL, 0);
}

static char *text_of(const host_str *s) {
  return s->n && !memchr(s->p, 0, s->n) ? strndup(s->p, s->n) : NULL;
}

host_id host_upload_move(host_id owner, host_id req, int file, host_str *dir, host_str *to) {
  request *r = (request *)op_find(req, OP_REQUEST);
  upload *u = r ? r->upload : NULL;
  if (!u) return HOST_EGONE;
  if (file < 1 || (unsigned)file > u->n_files || !u->done) return HOST_EINVAL;
  move *m = calloc(1, sizeof *m);
  if (!m) return HOST_EDOWN;
  m->dir = text_of(dir);
  m->to = text_of(to);
  host_id id = m->dir && m->to ? op_open(&m->o, OP_UPLOAD, owner, move_cancel) : HOST_EINVAL;
  if (id < 0) {
    free(m->dir);
    free(m->to);
    free(m);
    return id;
  }
  m->j = (job){.u = u, .run = run_move, .done = moved, .file = u->file[file - 1], .p = (char *)m};
  u->jobs++;
  submit(&m->j);
  return id;
}

/* SPDX-License-Identifier: MIT
 * transfer.c -- see transfer.h.  Reads, queues and writes one piece before it reads the next, so a slow
 * client costs one piece of memory.  No script takes part, so reloads do not matter.
 *
 * Owns: the request from here on, the descriptor.  Must never: send more or less than the head announced.
 * If a file shrinks or changes meanwhile, the connection is cut, so that the client notices. */
#include "http/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/loop.h"
#include "net/conn.h"

struct transfer {
  uv_work_t work;
  request *r;     /* NULL: the client left while a piece was being read */
  transfer_source s;
  char *piece;    /* the piece being read */
  size_t got;
  bool reading, changed, keep;
};

static int count;

int transfer_count(void) {
  return count;
}

static void end(transfer *t) {
  if (t->s.fd >= 0) close(t->s.fd);
  count--;
  free(t);
}

static void finish(transfer *t) {
  request *r = t->r;
  bool keep = t->keep && !conn_draining();
  r->transfer = NULL;
  end(t);
  request_answered(r, keep);
}

/* ---- in the thread pool ---- */

static bool is_changed(const transfer *t) {
  struct stat st;
  return fstat(t->s.fd, &st) || (uint64_t)st.st_size != t->s.size ||
         st.st_mtim.tv_sec != t->s.changed.tv_sec || st.st_mtim.tv_nsec != t->s.changed.tv_nsec;
}

static size_t next_n(const transfer *t) {
  return t->s.n < TRANSFER_PIECE ? (size_t)t->s.n : TRANSFER_PIECE;
}

static void on_work(uv_work_t *work) {
  transfer *t = (transfer *)work;
  size_t want = next_n(t);
  ssize_t n = 1;
  t->piece = malloc(want);
  for (t->got = 0; t->piece && t->got < want; t->got += (size_t)n) {
    n = pread(t->s.fd, t->piece + t->got, want - t->got, (off_t)(t->s.from + t->got));
    if (n < 0 && errno == EINTR) n = 0;
    else if (n <= 0) break;
  }
  t->changed = t->got < want || (want == t->s.n && is_changed(t));
}

/* ---- in the loop ---- */

static int queue(transfer *t, const char *p, size_t n) {
  char *to = conn_out(t->r->c, n);
  if (!to) return -1;
  memcpy(to, p, n);
  t->r->c->out.n += n;
  t->s.from += n;
  t->s.n -= n;
  return 0;
}

static void queued(transfer *t, int failed) {
  if (failed) conn_close(t->r->c);
  else if (!t->s.n) finish(t);
}

static void on_read(uv_work_t *work, int status) {
  transfer *t = (transfer *)work;
  t->reading = false;
  if (!t->r) end(t);
  else queued(t, status || t->changed || queue(t, t->piece, t->got));
}

static void after_work(uv_work_t *work, int status) {
  char *piece = ((transfer *)work)->piece;
  on_read(work, status);
  free(piece);
}

void transfer_go_on(transfer *t) {
  if (t->reading) return;
  if (t->s.p) return queued(t, queue(t, t->s.p + t->s.from, next_n(t)));
  t->reading = true;
  t->piece = NULL;
  if (!uv_queue_work(loop_uv(), &t->work, on_work, after_work)) return;
  t->reading = false;
  conn_close(t->r->c);
}

void transfer_begin(request *r, const transfer_source *source, bool keep) {
  transfer *t = calloc(1, sizeof *t);
  if (!t) {
    if (source->fd >= 0) close(source->fd);
    conn_close(r->c);
    return request_retire(r);
  }
  count++;
  t->r = r;
  t->s = *source;
  t->keep = keep;
  r->transfer = t;
  r->state = REQ_STREAMING;
  transfer_go_on(t);
}

void transfer_lost(transfer *t) {
  t->r->transfer = NULL;
  request_retire(t->r);
  t->r = NULL;
  if (!t->reading) end(t);
}

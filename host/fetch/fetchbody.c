/* SPDX-License-Identifier: MIT
 * fetchbody.c -- see fetchbody.h.  A thread opens the files and reads them piece by piece: a slow
 * disk blocks nobody, and a body of any size needs one piece of memory.
 *
 * Owns: the texts, the descriptors, one piece.  Must never: send more or less than the announced
 * sizes, or a file that changes meanwhile. */
#include "fetch/fetchbody.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "core/beneath.h"
#include "core/loop.h"
#include "host_api.h"

enum { PIECE = 65536, PARTS = 2 * FETCHBODY_FILES + 1, DIRECTORY = 4096, WHY = 320 };

typedef struct {
  uint64_t n;
  char *text;              /* NULL: a file */
  char *dir, *name, *called;
  int fd;
  struct timespec changed; /* as of its opening */
} part;

struct fetchbody {
  uv_work_t work;
  part part[PARTS];
  uint32_t parts, files;
  uint32_t at;             /* the part being sent, and how much of it was sent */
  uint64_t sent;
  char *piece;             /* of a file: bytes read, and bytes of those sent */
  size_t piece_n, piece_at;
  bool busy;               /* a thread is working: at, sent and the files belong to it */
  bool rewound;            /* meanwhile: discard what it reads */
  bool dropped;
  int error;               /* 0, HOST_EGONE or HOST_EFULL */
  char why[WHY];
  fetchbody_ready *ready;
  void *arg;
};

static void release(fetchbody *b) {
  for (uint32_t i = 0; i < b->parts; i++) {
    part *p = &b->part[i];
    if (p->fd >= 0) close(p->fd);
    free(p->text);
    free(p->dir);
    free(p->name);
    free(p->called);
  }
  free(b->piece);
  free(b);
}

void fetchbody_free(fetchbody *b) {
  if (!b) return;
  b->dropped = true;
  if (!b->busy) release(b);
}

const char *fetchbody_why(const fetchbody *b) {
  return b->why;
}

/* ---- the packed list from Lua ---- */

static char *text_of(const pack_value *v, size_t max) {
  if (v->type != PACK_STR || !v->n || v->n > max || memchr(v->s, 0, v->n)) return NULL;
  return strndup(v->s, v->n);
}

/* {directory, name, called} */
static int add_file(fetchbody *b, pack_reader *r, const pack_value *t) {
  pack_value dir, name, called;
  part *p = &b->part[b->parts++];
  p->fd = -1;
  if (t->array != 3 || t->hash || t->zero_based) return HOST_EINVAL;
  if (pack_read(r, &dir) < 0 || pack_read(r, &name) < 0 || pack_read(r, &called) < 0) return HOST_EINVAL;
  if (++b->files > FETCHBODY_FILES) return HOST_ELIMIT;
  if (name.type != PACK_STR || !beneath_ok(name.s, name.n)) return HOST_EINVAL;
  p->dir = text_of(&dir, DIRECTORY);
  p->name = text_of(&name, BENEATH_NAME);
  p->called = text_of(&called, BENEATH_NAME + 64);
  return p->dir && p->name && p->called ? 0 : HOST_EINVAL;
}

static int add_text(fetchbody *b, const pack_value *v, size_t *left) {
  part *p = &b->part[b->parts++];
  p->fd = -1;
  if (v->n > *left) return HOST_ELIMIT;
  *left -= v->n;
  p->n = v->n;
  p->text = malloc(v->n + 1);
  if (!p->text) return HOST_EFULL;
  memcpy(p->text, v->s, v->n);
  return 0;
}

static int add_parts(fetchbody *b, pack_reader *r, const pack_value *list, size_t left) {
  if (list->hash || list->zero_based) return HOST_EINVAL;
  if (list->array > PARTS) return HOST_ELIMIT;
  for (uint32_t i = 0; i < list->array; i++) {
    pack_value v;
    int type = pack_read(r, &v);
    int e = type == PACK_STR ? add_text(b, &v, &left) : type == PACK_TABLE ? add_file(b, r, &v) : HOST_EINVAL;
    if (e < 0) return e;
  }
  return 0;
}

int fetchbody_read(fetchbody **out, pack_reader *r, const pack_value *list, size_t text_max) {
  fetchbody *b = calloc(1, sizeof *b);
  if (!b) return HOST_EFULL;
  int e = add_parts(b, r, list, text_max);
  if (e < 0) release(b);
  else *out = b;
  return e;
}

/* ---- in the thread pool ---- */

static int lose(fetchbody *b, const part *p, const char *what) {
  snprintf(b->why, sizeof b->why, "%.200s: %s", p->called, what);
  return b->error = HOST_EGONE;
}

static bool is_shortage(int why) {
  return why == EMFILE || why == ENFILE || why == ENOMEM;
}

static int open_below(const part *p) {
  int root = beneath_root(p->dir);
  int fd = root < 0 ? -1 : beneath_open(root, p->name, O_RDONLY, false);
  int why = errno;
  if (root >= 0) close(root);
  errno = why;
  return fd;
}

static int open_file(fetchbody *b, part *p) {
  struct stat st;
  p->fd = open_below(p);
  if (p->fd < 0 && is_shortage(errno)) return b->error = HOST_EFULL;
  if (p->fd < 0 || fstat(p->fd, &st)) return lose(b, p, strerror(errno));
  if (!S_ISREG(st.st_mode)) return lose(b, p, S_ISDIR(st.st_mode) ? strerror(EISDIR) : "it is no file");
  p->n = (uint64_t)st.st_size;
  p->changed = st.st_mtim;
  return 0;
}

static void open_all(uv_work_t *work) {
  fetchbody *b = (fetchbody *)work;
  for (uint32_t i = 0; i < b->parts && !b->error; i++) {
    if (!b->part[i].text) open_file(b, &b->part[i]);
  }
}

static bool is_changed(const part *p) {
  struct stat st;
  return fstat(p->fd, &st) || (uint64_t)st.st_size != p->n || st.st_mtim.tv_sec != p->changed.tv_sec ||
         st.st_mtim.tv_nsec != p->changed.tv_nsec;
}

static void read_piece(uv_work_t *work) {
  fetchbody *b = (fetchbody *)work;
  const part *p = &b->part[b->at];
  size_t want = p->n - b->sent < PIECE ? (size_t)(p->n - b->sent) : PIECE;
  ssize_t n = 1;
  for (b->piece_n = 0; b->piece_n < want && n > 0; b->piece_n += n > 0 ? (size_t)n : 0) {
    do n = pread(p->fd, b->piece + b->piece_n, want - b->piece_n, (off_t)(b->sent + b->piece_n));
    while (n < 0 && errno == EINTR);
  }
  if (n < 0) lose(b, p, strerror(errno));
  else if (n == 0) lose(b, p, "it became shorter while it was sent");
  else if (b->sent + want == p->n && is_changed(p)) lose(b, p, "it changed while it was sent");
}

/* ---- in the loop ---- */

static void on_worked(uv_work_t *work, int status) {
  fetchbody *b = (fetchbody *)work;
  b->busy = false;
  if (b->dropped) return release(b);
  if (status) b->error = HOST_EFULL;
  b->piece_at = 0;
  if (b->rewound) fetchbody_rewind(b);
  b->ready(b->arg, b->error);
}

static int work(fetchbody *b, uv_work_cb run) {
  b->busy = true;
  if (!uv_queue_work(loop_uv(), &b->work, run, on_worked)) return 0;
  b->busy = false;
  return b->error = HOST_EFULL;
}

int fetchbody_open(fetchbody *b, fetchbody_ready *ready, void *arg) {
  b->ready = ready;
  b->arg = arg;
  b->piece = malloc(PIECE);
  return b->piece ? work(b, open_all) : HOST_EFULL;
}

uint64_t fetchbody_size(const fetchbody *b) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < b->parts; i++) n += b->part[i].n;
  return n;
}

static size_t copy(fetchbody *b, char *to, const char *from, size_t there, size_t room) {
  size_t n = there < room ? there : room;
  memcpy(to, from, n);
  b->sent += n;
  return n;
}

static void go_on(fetchbody *b) {
  b->at++;
  b->sent = 0;
}

long fetchbody_next(fetchbody *b, char *to, size_t n) {
  if (b->busy) return FETCHBODY_WAIT;
  if (b->error) return FETCHBODY_LOST;
  while (b->at < b->parts && b->sent == b->part[b->at].n) go_on(b);
  if (b->at == b->parts) return 0;
  const part *p = &b->part[b->at];
  if (p->text) return (long)copy(b, to, p->text + b->sent, p->n - b->sent, n);
  if (b->piece_at == b->piece_n) return work(b, read_piece) ? FETCHBODY_LOST : FETCHBODY_WAIT;
  size_t k = copy(b, to, b->piece + b->piece_at, b->piece_n - b->piece_at, n);
  b->piece_at += k;
  return (long)k;
}

void fetchbody_rewind(fetchbody *b) {
  b->rewound = b->busy;
  if (b->busy) return;
  b->at = 0;
  b->sent = 0;
  b->piece_n = b->piece_at = 0;
}

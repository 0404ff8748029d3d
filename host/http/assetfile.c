/* SPDX-License-Identifier: MIT
 * assetfile.c -- answers with a file from a directory.  The thread pool opens the file and reads
 * its first piece; the loop, which owns the request, sends the answer.
 *
 * Owns: the op, and the descriptor until the answer begins.  Must never: touch the request in the
 * thread pool, because its client may disconnect. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/beneath.h"
#include "core/loop.h"
#include "core/op.h"
#include "http/assets.h"
#include "http/mime.h"

enum { ETAG_WEAK_S = 2, ATTEMPTS = 3 };

typedef struct {
  op o;                /* closed once nobody waits for it */
  uv_work_t work;
  host_id req;
  char *root, *name;   /* name: with room for "index.html" and a suffix */
  host_str headers;
  int codings[PRECOND_CODINGS]; /* in order of preference; the last is PRECOND_IDENTITY */
  bool is_directory, links, wants_bytes, is_other_method;
  int flags;
  int result;          /* HOST_ASSET_.., an error, or 200: a file was found */
  struct stat st;
  int fd, coding;
  char *first;
  size_t first_n;
} opening;

static void release(opening *w) {
  if (w->fd >= 0) close(w->fd);
  free(w->first);
  free(w->root);
  free(w->name);
  free((char *)(uintptr_t)w->headers.p);
  free(w);
}

/* ---- in the thread pool ---- */

static int refusal_of(int why) {
  return why == EMFILE || why == ENFILE || why == ENOMEM || why == EIO ? HOST_EFULL : HOST_ASSET_NONE;
}

static int open_at(int root, const opening *w, struct stat *st) {
  int fd = beneath_open(root, w->name, O_RDONLY, w->links);
  if (fd < 0 || !fstat(fd, st)) return fd;
  close(fd);
  return -1;
}

/* A directory requested without the final "/": does it have an index.html? */
static int directory_result(int root, opening *w) {
  static const char page[] = "/index.html";
  struct stat st;
  memcpy(w->name + strlen(w->name), page, sizeof page);
  int fd = open_at(root, w, &st);
  if (fd >= 0) close(fd);
  return fd >= 0 && S_ISREG(st.st_mode) ? HOST_ASSET_DIRECTORY : HOST_ASSET_NONE;
}

static bool is_older(const struct stat *a, const struct stat *b) {
  if (a->st_mtim.tv_sec != b->st_mtim.tv_sec) return a->st_mtim.tv_sec < b->st_mtim.tv_sec;
  return a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

/* Picks the compressed file beside it, unless that is older than the file. */
static void prefer_packed(int root, opening *w) {
  size_t n = strlen(w->name);
  struct stat st;
  for (int i = 0; i < PRECOND_CODINGS && w->codings[i] != PRECOND_IDENTITY; i++) {
    const char *ending = assets_endings[w->codings[i]];
    memcpy(w->name + n, ending, strlen(ending) + 1);
    int fd = open_at(root, w, &st);
    w->name[n] = 0;
    if (fd < 0) continue;
    if (S_ISREG(st.st_mode) && !is_older(&st, &w->st)) {
      close(w->fd);
      w->fd = fd;
      w->st = st;
      w->coding = w->codings[i];
      return;
    }
    close(fd);
  }
}

/* False: the file has changed since it was opened. */
static bool read_first(opening *w) {
  struct stat now;
  size_t want = w->st.st_size < TRANSFER_PIECE ? (size_t)w->st.st_size : TRANSFER_PIECE;
  ssize_t n;
  if (!w->wants_bytes || !want) return true;
  if (!w->first) w->first = malloc(TRANSFER_PIECE);
  if (!w->first) return true; /* then it is sent piece by piece */
  do n = pread(w->fd, w->first, want, 0);
  while (n < 0 && errno == EINTR);
  w->first_n = n < 0 ? 0 : (size_t)n;
  return w->first_n == want && !fstat(w->fd, &now) && now.st_size == w->st.st_size &&
         !is_older(&w->st, &now) && !is_older(&now, &w->st);
}

static int look(int root, opening *w) {
  w->coding = PRECOND_IDENTITY;
  w->fd = open_at(root, w, &w->st);
  if (w->fd < 0) return refusal_of(errno);
  if (S_ISDIR(w->st.st_mode) && !w->is_directory) return directory_result(root, w);
  if (!S_ISREG(w->st.st_mode)) return HOST_ASSET_NONE;
  if (w->is_other_method) return HOST_ASSET_METHOD;
  prefer_packed(root, w);
  if (read_first(w)) return 200;
  close(w->fd);
  w->fd = -1;
  return HOST_ECANCELED; /* try again */
}

static void on_work(uv_work_t *work) {
  opening *w = (opening *)((char *)work - offsetof(opening, work));
  int root = beneath_root(w->root);
  w->result = root >= 0 ? HOST_ECANCELED : refusal_of(errno) ? HOST_EFULL : HOST_EDOWN;
  for (int i = 0; i < ATTEMPTS && w->result == HOST_ECANCELED; i++) w->result = look(root, w);
  if (w->result == HOST_ECANCELED) w->result = HOST_EFULL;
  if (root >= 0) close(root);
}

/* ---- in the loop ---- */

/* Two changes within the clock's resolution get the same time, so the tag of a very recent file is
 * weak. */
static void tag(const opening *w, asset *a) {
  bool weak = time(NULL) - w->st.st_mtim.tv_sec < ETAG_WEAK_S;
  snprintf(a->etag, sizeof a->etag, "%s\"%llx.%llx-%llx%s\"", weak ? "W/" : "",
           (unsigned long long)w->st.st_mtim.tv_sec, (unsigned long long)w->st.st_mtim.tv_nsec,
           (unsigned long long)w->st.st_size, assets_endings[w->coding]);
}

static int answer(opening *w, uint64_t *sent) {
  request *r = request_in_flight(w->req);
  if (!r) return HOST_EGONE;
  asset a = {
      .name = w->name, .size = (uint64_t)w->st.st_size, .modified = w->st.st_mtim.tv_sec, .coding = w->coding,
      .flags = w->flags, .first = w->first, .first_n = w->first_n,
      .source = {.fd = w->fd, .changed = w->st.st_mtim, .size = (uint64_t)w->st.st_size},
  };
  tag(w, &a);
  w->fd = -1; /* owned by the answer now */
  return assets_answer(r, &a, &w->headers, sent);
}

static void on_opened(uv_work_t *work, int status) {
  opening *w = (opening *)((char *)work - offsetof(opening, work));
  char bytes[24];
  uint64_t sent = 0;
  if (w->o.id) {
    int result = status ? HOST_EFULL : w->result == 200 ? answer(w, &sent) : w->result;
    int n = snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)sent);
    op_done(&w->o, result, bytes, (size_t)n);
  }
  release(w);
}

static void on_cancel(op *o) {
  op_done(o, HOST_ECANCELED, NULL, 0); /* on_opened frees it */
}

static void choose_codings(opening *w, const http1 *h, const char *name) {
  bool packs = !(w->flags & HOST_ASSET_PRIVATE) && mime_of(name, strlen(name))->packs;
  unsigned there = packs ? ~0u : 0;
  for (int i = 0; i < PRECOND_CODINGS; i++) {
    w->codings[i] = precond_coding(h, there);
    there &= ~(1u << w->codings[i]);
  }
}

static bool is_plain(const http1 *h) {
  return h->method == HOST_GET && http1_find(h, "range", 5, 0) < 0 &&
         http1_find(h, "if-none-match", 13, 0) < 0 && http1_find(h, "if-modified-since", 17, 0) < 0;
}

static opening *prepare(const request *r, const host_str *root, const host_str *path, int flags,
                        const host_str *headers) {
  opening *w = calloc(1, sizeof *w);
  if (!w) return NULL;
  w->fd = -1;
  w->root = strndup(root->p, root->n);
  w->name = malloc(path->n + 32);
  w->headers = (host_str){malloc(headers->n + 1), headers->n};
  if (!w->root || !w->name || !w->headers.p) {
    release(w);
    return NULL;
  }
  memcpy((char *)(uintptr_t)w->headers.p, headers->p, headers->n);
  w->is_directory = !path->n || path->p[path->n - 1] == '/';
  snprintf(w->name, path->n + 32, "%.*s%s", (int)path->n, path->p, w->is_directory ? "index.html" : "");
  w->flags = flags;
  w->links = flags & HOST_ASSET_LINKS;
  w->wants_bytes = is_plain(&r->h);
  w->is_other_method = !assets_method_ok(r);
  choose_codings(w, &r->h, w->name);
  return w;
}

host_id host_asset_file(host_id owner, host_id req, host_str *root, host_str *path, int flags,
                        host_str *headers) {
  const request *r = request_in_flight(req);
  if (!r) return HOST_EGONE;
  size_t n = path->n && path->p[path->n - 1] == '/' ? path->n - 1 : path->n;
  if (n && !beneath_ok(path->p, n)) return HOST_EINVAL;
  opening *w = prepare(r, root, path, flags, headers);
  if (!w) return HOST_EFULL;
  w->req = req;
  host_id id = op_open(&w->o, OP_FILE, owner, on_cancel);
  if (id > 0 && uv_queue_work(loop_uv(), &w->work, on_work, on_opened)) {
    op_close(&w->o);
    id = HOST_EFULL;
  }
  if (id < 0) release(w);
  return id;
}

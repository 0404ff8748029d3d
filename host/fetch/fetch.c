/* SPDX-License-Identifier: MIT
 * fetch.c -- outbound HTTP as Lua sees it (see fetch.h and host_api.h).
 *
 * Owns every transfer from host_fetch() to its DONE.  A response counts as received only when curl
 * has seen its end: a truncated body is HOST_ENET.  Must never show a secret: if the url contains one,
 * curl's own error text stays here. */
#include "fetch/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/loop.h"
#include "core/pack.h"
#include "fetch/fetchmulti.h"
#include "fetch/ssrf.h"

enum { SWEEP_MS = 100, RESULT_HEAD = 1024 };

typedef struct { fetch *first, *last; int n; } list;

static list waiting, running;
static uv_timer_t sweeper;
static bool sweeping, started;
static int per_host; /* limit of guarded transfers to one host at a time */

static void list_add(list *l, fetch *f) {
  f->next = NULL;
  f->prev = l->last;
  if (l->last) l->last->next = f;
  else l->first = f;
  l->last = f;
  l->n++;
}

static void list_remove(list *l, fetch *f) {
  if (f->prev) f->prev->next = f->next;
  else l->first = f->next;
  if (f->next) f->next->prev = f->prev;
  else l->last = f->prev;
  l->n--;
}

static void leave(fetch *f) {
  list_remove(f->running ? &running : &waiting, f);
  f->running = false;
}

static void free_fetch(fetch *f) {
  fetchhead_free(&f->head);
  buf_free(&f->body);
  fetchspec_free(&f->spec);
  free(f);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static int refuse(fetch *f, int why) {
  if (!f->refused) f->refused = why;
  return -1;
}

static int push_head(fetch *f) {
  buf b;
  buf_init(&b, 0);
  int e = pack_map(&b, 2);
  if (e == 0) e = pack_z(&b, "status");
  if (e == 0) e = pack_int(&b, f->head.status);
  if (e == 0) e = pack_z(&b, "headers");
  if (e == 0) e = fetchhead_pack(&f->head, &b);
  if (e == 0 && !f->op.quiet)
    return op_push_own(HOST_EV_CHUNK, HOST_CHUNK_HEAD, f->op.id, f->op.owner, b.p, b.n);
  buf_free(&b);
  return e;
}

int fetch_on_header(fetch *f, const char *p, size_t n) {
  bool before = f->head.complete;
  if (fetchhead_line(&f->head, p, n) < 0) return refuse(f, HOST_ELIMIT);
  if (before || !f->head.complete || !f->spec.stream) return 0;
  return push_head(f) < 0 ? refuse(f, HOST_EFULL) : 0;
}

int fetch_on_body(fetch *f, const char *p, size_t n) {
  if (f->spec.stream && f->unread >= FETCH_UNREAD) {
    f->paused = true;
    return 1;
  }
  f->received += (double)n;
  if (f->received > (double)f->spec.max_bytes) return refuse(f, HOST_ELIMIT);
  if (!f->spec.stream) return buf_add(&f->body, p, n) < 0 ? refuse(f, HOST_EFULL) : 0;
  f->unread += n;
  if (f->op.quiet || n == 0) return 0;
  int e = op_push(HOST_EV_CHUNK, HOST_CHUNK_BODY, f->op.id, f->op.owner, p, n);
  return e < 0 ? refuse(f, HOST_EFULL) : 0;
}

long fetch_on_more(fetch *f, char *to, size_t n) {
  long got = fetchbody_next(f->spec.parts, to, n);
  if (got == FETCHBODY_LOST) refuse(f, *fetchbody_why(f->spec.parts) ? HOST_EGONE : HOST_EFULL);
  return got;
}

/* ---- the end --------------------------------------------------------------------------------- */

static int pack_response(const fetch *f, buf *b) {
  if (pack_map(b, 3) < 0 || pack_z(b, "status") < 0 || pack_int(b, f->head.status) < 0) return -1;
  if (pack_z(b, "headers") < 0 || fetchhead_pack(&f->head, b) < 0) return -1;
  return pack_z(b, "body") < 0 ? -1 : pack_str(b, f->body.p, f->body.n);
}

static void succeed(fetch *f) {
  int status = f->head.status;
  buf b;
  buf_init(&b, 0);
  if (f->spec.stream || f->op.quiet) {
    op_done(&f->op, status, NULL, 0);
  } else if (!buf_reserve(&b, f->body.n + f->head.b.n + RESULT_HEAD) || pack_response(f, &b) < 0) {
    buf_free(&b);
    op_done(&f->op, HOST_EFULL, NULL, 0);
  } else {
    op_done_own(&f->op, status, b.p, b.n);
  }
}

static int status_of(const fetch *f, CURLcode result) {
  if (f->refused) return f->refused;
  if (f->denied && result == CURLE_COULDNT_CONNECT) return HOST_EDENIED;
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT: return HOST_ETIMEOUT;
    case CURLE_FILESIZE_EXCEEDED: return HOST_ELIMIT;
    case CURLE_OUT_OF_MEMORY: return HOST_EFULL;
    default: return HOST_ENET;
  }
}

static const char *text_of(const fetch *f, int status, CURLcode result) {
  bool head_too_large = !f->head.complete && result != CURLE_FILESIZE_EXCEEDED;
  if (status == HOST_EDENIED) return "the address is not a public one";
  if (status == HOST_EGONE) return fetchbody_why(f->spec.parts);
  if (status == HOST_ELIMIT)
    return head_too_large ? "the response's head is larger than 64 KB or 256 fields"
                          : "the response is larger than max_bytes";
  if (result == CURLE_PARTIAL_FILE) return "the response was cut short";
  if (result == CURLE_GOT_NOTHING || f->lost) return "the connection was closed before a response came";
  if (result == CURLE_OK) return "the connection was closed within the response's head";
  if (f->spec.secret_url || !*f->error) return curl_easy_strerror(result);
  return f->error;
}

static void start_waiting(void);

static void end_fetch(fetch *f, int status, const char *text) {
  op_done(&f->op, status, text, text ? strlen(text) : 0);
  free_fetch(f);
}

/* Of a request with effects no byte may have left: what has left may have been carried out. */
static bool may_repeat(const fetch *f) {
  long sent = 1;
  return f->spec.repeatable ||
         (curl_easy_getinfo(f->easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK && sent == 0);
}

/* The server closed the idle connection that the transfer reused: retry on a new one.  curl does
 * that itself if it notices while reading. */
static bool begins_again(fetch *f, CURLcode result) {
  long opened = 1;
  if (result != CURLE_SEND_ERROR || f->again || f->refused || f->head.count || f->head.status) return false;
  if (!may_repeat(f)) return false;
  if (curl_easy_getinfo(f->easy, CURLINFO_NUM_CONNECTS, &opened) != CURLE_OK || opened) return false;
  f->again = true;
  fetchmulti_remove(f, false);
  if (f->spec.parts) fetchbody_rewind(f->spec.parts);
  return fetchmulti_add(f) == 0;
}

/* curl detects a truncated body, except one that ends with the connection, where nothing could
 * tell.  Without a status line there was no response at all. */
static void on_done(fetch *f, CURLcode result) {
  if (begins_again(f, result)) return;
  fetchmulti_remove(f, result == CURLE_OK);
  leave(f);
  if (result == CURLE_OK && !f->refused && f->head.complete) {
    succeed(f);
    free_fetch(f);
  } else {
    int status = status_of(f, result);
    /* curl refuses a length that is announced before it hands on the head's last line. */
    bool has_head = f->head.complete || !f->head.status;
    if (result == CURLE_FILESIZE_EXCEEDED && f->spec.stream && !has_head) push_head(f);
    end_fetch(f, status, text_of(f, status, result));
  }
  start_waiting();
}

/* what: whether receiving stays paused.  Delivers what curl has kept;
 * may pause again.  This is the only report of an error here. */
static void go_on(fetch *f, int what) {
  CURLcode result = curl_easy_pause(f->easy, what);
  if (result != CURLE_OK) on_done(f, result);
}

static void on_cancel(op *o) {
  fetch *f = (fetch *)o;
  bool was_running = f->running;
  fetchmulti_remove(f, false);
  leave(f);
  end_fetch(f, HOST_ECANCELED, NULL);
  if (was_running) start_waiting();
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* Fails a transfer that has not begun. */
static void fail(fetch *f, int e) {
  const char *text = e == HOST_EGONE ? fetchbody_why(f->spec.parts) : NULL;
  if (e == HOST_ETIMEOUT) text = f->running && f->spec.parts ? "its files could not be opened in time"
                                                             : "it was queued behind other transfers";
  leave(f);
  end_fetch(f, e, text);
}

/* Ends transfers of a list that did not get to curl in time; returns how many still wait. */
static int sweep(const list *l) {
  uint64_t now = uv_now(loop_uv());
  int n = 0;
  for (fetch *f = l->first, *next; f; f = next) {
    next = f->next;
    if (f->easy) continue;
    if ((double)(now - f->since) < f->spec.timeout_s * 1000) n++;
    else fail(f, HOST_ETIMEOUT);
  }
  return n;
}

static void on_sweep(uv_timer_t *t) {
  int n = sweep(&waiting) + sweep(&running);
  start_waiting();
  if (n) return;
  uv_timer_stop(t);
  sweeping = false;
}

static void start_sweeping(void) {
  if (sweeping) return;
  sweeping = true;
  uv_timer_start(&sweeper, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* A thread has opened its files, or read some more of them. */
static void on_ready(void *arg, int e) {
  fetch *f = arg;
  if (f->easy) return go_on(f, f->paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
  if (e == 0) e = fetchmulti_add(f);
  if (e == 0) return;
  fail(f, e);
  start_waiting();
}

static void start(fetch *f) {
  list_add(&running, f);
  f->running = true;
  if (f->spec.parts) start_sweeping();
  int e = f->spec.parts ? fetchbody_open(f->spec.parts, on_ready, f) : fetchmulti_add(f);
  if (e < 0) fail(f, e);
}

/* Strangers choose the hosts of guarded requests: a slow host must not take all slots. */
static bool host_is_busy(const fetch *f) {
  int n = 0;
  if (!f->spec.guard) return false;
  for (const fetch *other = running.first; other; other = other->next)
    if (other->spec.guard && strcmp(other->spec.peer, f->spec.peer) == 0) n++;
  return n >= per_host;
}

static void start_waiting(void) {
  for (fetch *f = waiting.first, *next; f && running.n < FETCH_RUNNING; f = next) {
    next = f->next;
    if (host_is_busy(f)) continue;
    list_remove(&waiting, f);
    start(f);
  }
}

static void wait_turn(fetch *f) {
  list_add(&waiting, f);
  start_sweeping();
}

/* ---- for Lua --------------------------------------------------------------------------------- */

static bool full; /* the last one was refused because of that */

int host_fetch_why(host_str *out) {
  const char *text = full ? "too many transfers wait for their turn" : fetchspec_why();
  *out = (host_str){text, (uint32_t)strlen(text)};
  return 0;
}

host_id host_fetch(host_id owner, host_str *packed) {
  full = !started || waiting.n >= FETCH_QUEUE;
  if (full) return HOST_EFULL;
  fetch *f = calloc(1, sizeof *f);
  if (!f) return HOST_EFULL;
  int e = fetchspec_read(&f->spec, packed);
  host_id id = e < 0 ? e : op_open(&f->op, OP_FETCH, owner, on_cancel);
  if (id < 0) {
    fetchspec_free(&f->spec);
    free(f);
    return id;
  }
  f->since = uv_now(loop_uv());
  fetchhead_init(&f->head);
  buf_init(&f->body, f->spec.max_bytes);
  if (running.n < FETCH_RUNNING && !host_is_busy(f)) start(f);
  else wait_turn(f);
  return id;
}

int host_fetch_resume(host_id id) {
  fetch *f = (fetch *)op_find(id, OP_FETCH);
  if (!f) return HOST_EGONE;
  f->unread = 0;
  if (!f->paused || !f->easy) return 0;
  f->paused = false;
  go_on(f, CURLPAUSE_CONT);
  return 0;
}

int fetch_init(void) {
  if (fetchmulti_init(on_done) < 0) return -1;
  ssrf_init();
  per_host = (int)conf_num("egress.per_host");
  uv_timer_init(loop_uv(), &sweeper);
  started = true;
  return 0;
}

static void drop_all(list *l) {
  for (fetch *f; (f = l->first);) {
    fetchmulti_remove(f, false);
    list_remove(l, f);
    op_close(&f->op);
    free_fetch(f);
  }
}

void fetch_stop(void) {
  if (!started) return;
  started = false;
  drop_all(&waiting);
  drop_all(&running);
  fetchmulti_stop();
  uv_close((uv_handle_t *)&sweeper, NULL);
}

/* SPDX-License-Identifier: MIT
 * dbcancel.c -- see dbcancel.h.
 *
 * PQcancel() connects, writes and waits for the other side to close, without a timeout: while a
 * server is frozen, it blocks.  So it must not run in libuv's pool, which also resolves host names
 * and whose threads are joined at exit.  A request that takes too long is abandoned: its thread
 * continues detached, and others may start in its place, up to a limit.
 *
 * Owns: the list of finished requests, the only thing that threads share with the loop. */
#include "pg/dbcancel.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/loop.h"

enum { RUNNING_MAX = 2, THREADS_MAX = 16, STACK_BYTES = 256 * 1024 };
static const uint64_t ABANDONED_MS = 3000;

typedef struct cancel_request cancel_request;
struct cancel_request {
  cancel_request *next;
  PGcancel *cancel;
  dbconn *conn;
  unsigned epoch;
  uint64_t begun;
};

static struct {
  pthread_mutex_t lock;
  cancel_request *ended; /* under the lock */
  bool open;             /* under the lock: threads may still wake the loop */
  bool made;
  uv_async_t wake;
  cancel_request *running[THREADS_MAX];
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *run(void *arg) {
  cancel_request *r = arg;
  char why[256];
  PQcancel(r->cancel, why, sizeof why); /* if this fails, the drain limit closes the connection */
  PQfreeCancel(r->cancel);
  pthread_mutex_lock(&all.lock);
  r->next = all.ended;
  all.ended = r;
  if (all.open) uv_async_send(&all.wake);
  pthread_mutex_unlock(&all.lock);
  return NULL;
}

static void on_wake(uv_async_t *wake) {
  (void)wake;
  pthread_mutex_lock(&all.lock);
  cancel_request *list = all.ended;
  all.ended = NULL;
  pthread_mutex_unlock(&all.lock);
  for (cancel_request *next; list; list = next) {
    next = list->next;
    for (int i = 0; i < THREADS_MAX; i++)
      if (all.running[i] == list) all.running[i] = NULL;
    dbconn_cancelled(list->conn, list->epoch);
    free(list);
  }
}

static int make(void) {
  if (all.made) return 0;
  if (uv_async_init(loop_uv(), &all.wake, on_wake)) return -1;
  uv_unref((uv_handle_t *)&all.wake);
  pthread_mutex_lock(&all.lock);
  all.made = all.open = true;
  pthread_mutex_unlock(&all.lock);
  return 0;
}

/* A free slot, or -1. */
static int place(void) {
  int fresh = 0, free_at = -1;
  uint64_t now = uv_now(loop_uv());
  for (int i = 0; i < THREADS_MAX; i++) {
    if (!all.running[i]) free_at = i;
    else if (now - all.running[i]->begun < ABANDONED_MS) fresh++;
  }
  return fresh < RUNNING_MAX ? free_at : -1;
}

static int start_thread(cancel_request *r) {
  pthread_attr_t attr;
  pthread_t thread;
  if (pthread_attr_init(&attr)) return -1;
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attr, STACK_BYTES);
  int e = pthread_create(&thread, &attr, run, r);
  pthread_attr_destroy(&attr);
  return e ? -1 : 0;
}

int dbcancel_start(dbconn *c) {
  int i = make() ? -1 : place();
  cancel_request *r = i < 0 ? NULL : calloc(1, sizeof *r);
  if (!r) return -1;
  *r = (cancel_request){.conn = c, .epoch = c->epoch, .begun = uv_now(loop_uv())};
  r->cancel = PQgetCancel(c->pg);
  all.running[i] = r;
  if (r->cancel && !start_thread(r)) return 0;
  all.running[i] = NULL;
  PQfreeCancel(r->cancel);
  free(r);
  return -1;
}

void dbcancel_stop(void) {
  pthread_mutex_lock(&all.lock);
  bool was = all.open;
  all.open = all.made = false;
  pthread_mutex_unlock(&all.lock);
  if (was) uv_close((uv_handle_t *)&all.wake, NULL);
}

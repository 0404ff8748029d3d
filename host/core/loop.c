/* SPDX-License-Identifier: MIT
 * loop.c -- see loop.h.  Owns: the loop, Lua's one wake-up timer, the time of the turn.  Must never: block
 * while an event is queued. */
#include "core/loop.h"

#include <math.h>
#include <signal.h>
#include <time.h>

#include "core/op.h"
#include "core/shm.h"

static struct {
  uv_loop_t uv;
  uv_async_t async;
  uv_timer_t timer;
  uv_prepare_t prepare;
  double now, timer_at;
  volatile sig_atomic_t woken;
} loop;

uv_loop_t *loop_uv(void) {
  return &loop.uv;
}

void loop_wake(void) {
  loop.woken = 1;
}

void loop_interrupt(void) {
  uv_async_send(&loop.async);
}

/* ---- time ---- */

double host_clock(void) {
  return shm_clock();
}

double host_now(void) {
  return loop.now;
}

double host_time(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_timer(uv_timer_t *timer);

/* The loop counts whole milliseconds from its cached time;
 * round up, so that Lua is never woken early. */
static int arm(double seconds) {
  uv_update_time(&loop.uv);
  return uv_timer_start(&loop.timer, on_timer, (uint64_t)ceil(seconds * 1000), 0);
}

static void on_timer(uv_timer_t *timer) {
  (void)timer;
  double left = loop.timer_at - shm_clock();
  if (left > 0) arm(left);
  else op_push(HOST_EV_TIMER, 0, 0, 0, NULL, 0);
}

int host_timer(double seconds) {
  if (!isfinite(seconds)) return HOST_EINVAL;
  if (seconds < 0) seconds = 0;
  if (seconds > 1e9) seconds = 1e9;
  loop.timer_at = shm_clock() + seconds;
  return arm(seconds) ? HOST_EINVAL : 0;
}

/* ---- turns ---- */

static void on_async(uv_async_t *async) {
  (void)async;
}

/* The loop runs timers, then waits: it must not wait if a timer has just queued an event. */
static void on_prepare(uv_prepare_t *prepare) {
  (void)prepare;
  if (op_pending() || loop.woken) uv_stop(&loop.uv);
}

int loop_open(void) {
  loop.now = shm_clock();
  if (uv_loop_init(&loop.uv)) return -1;
  if (uv_async_init(&loop.uv, &loop.async, on_async)) return -1;
  uv_timer_init(&loop.uv, &loop.timer);
  uv_prepare_init(&loop.uv, &loop.prepare);
  return uv_prepare_start(&loop.prepare, on_prepare);
}

void loop_run(bool wait) {
  if (op_pending() || loop.woken) wait = false;
  loop.woken = 0;
  uv_run(&loop.uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
  loop.now = shm_clock();
}

static void close_handle(uv_handle_t *handle, void *arg) {
  (void)arg;
  if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

void loop_close(void) {
  uv_walk(&loop.uv, close_handle, NULL);
  for (int i = 0; i < 100 && uv_run(&loop.uv, UV_RUN_NOWAIT); i++) continue;
  uv_loop_close(&loop.uv);
}

/* SPDX-License-Identifier: MIT
 * wheel.c -- one coarse timer for all connections.  Each is in the slot of its next check, so
 * postponing a deadline costs nothing until then.
 *
 * Owns: the slots and the timer, which stops when there is no connection.  Never closes anything. */
#include "net/wheel.h"

#include "core/loop.h"
#include "net/conn.h"

enum { TICK_MS = 250, SLOTS = 256 };

static struct {
  conn_link slot[SLOTS];
  uint64_t tick; /* the last slot processed */
  uv_timer_t timer;
} wheel;

static void look_at(conn_link *slot) {
  conn_link due;
  link_init(&due);
  while (!link_empty(slot)) link_add(&due, slot->next);
  while (!link_empty(&due)) {
    conn *c = link_conn(due.next, wheel);
    link_del(&c->wheel);
    conn_expire(c);
    if (c->state != CONN_CLOSED) wheel_schedule(c);
  }
}

static void on_tick(uv_timer_t *t) {
  uint64_t now = conn_now() / TICK_MS;
  if (now - wheel.tick > SLOTS) wheel.tick = now - SLOTS;
  while (wheel.tick < now) {
    wheel.tick++;
    look_at(&wheel.slot[wheel.tick % SLOTS]);
  }
  if (conn_count() == 0) uv_timer_stop(t);
}

void wheel_init(void) {
  for (int i = 0; i < SLOTS; i++) link_init(&wheel.slot[i]);
  uv_timer_init(loop_uv(), &wheel.timer);
  uv_unref((uv_handle_t *)&wheel.timer);
}

void wheel_schedule(conn *c) {
  if (!uv_is_active((uv_handle_t *)&wheel.timer)) {
    wheel.tick = conn_now() / TICK_MS;
    uv_timer_start(&wheel.timer, on_tick, TICK_MS, TICK_MS);
  }
  uint64_t due = c->deadline, far = wheel.tick + SLOTS - 1;
  if (c->stall_at && (!due || c->stall_at < due)) due = c->stall_at;
  uint64_t at = due ? due / TICK_MS + 1 : far;
  if (at > far) at = far;
  if (at <= wheel.tick) at = wheel.tick + 1;
  if (!link_empty(&c->wheel) && c->wheel_tick <= at) return; /* its check comes early enough */
  c->wheel_tick = at;
  link_add(&wheel.slot[at % SLOTS], &c->wheel);
}

void wheel_each(void (*fn)(conn *c)) {
  for (int i = 0; i < SLOTS; i++) {
    for (conn_link *l = wheel.slot[i].next, *next; l != &wheel.slot[i]; l = next) {
      next = l->next;
      fn(link_conn(l, wheel));
    }
  }
}

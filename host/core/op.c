/* SPDX-License-Identifier: MIT
 * op.c -- the table of ids and the event queue (see op.h).
 *
 * Owns: slots, the ring of events and the data of queued events.  An op itself belongs to the module
 * that embeds it.  Opening an op reserves room in the ring for its end, which therefore needs no memory;
 * without that room no op is opened.  Must never: call Lua, or touch an op after its op_close(). */
#include "core/op.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"

enum {
  SLOT_BITS = 20,
  SLOT_MAX = 1 << SLOT_BITS,
  GEN_MAX = 1 << (31 - SLOT_BITS),
  RING_MIN = 1024,
  RING_MAX = 1 << 22,
  OP_PLACES = 2,                  /* per op: its end, and a client that left or reads again */
  SYSTEM_PLACES = 64,             /* for the worker itself: timers, reloads, the shutdown */
  SOFT_EVENTS = 8192,             /* over this many events, reading from sockets stops .. */
  SOFT_BYTES = 8 * 1024 * 1024    /* .. or over this many bytes */
};

typedef struct {
  op *o;
  int32_t gen, next_free;
} slot;

typedef struct {
  op base;
  op *children;
  int n_children;
} task;

static slot *slots;
static int32_t n_slots, n_live;
static int32_t free_head = -1, free_tail = -1; /* first in, first out: delays the reuse of an id */

static struct {
  host_event *v;
  size_t head, n, cap, bytes;
  bool missed;        /* a NOTIFY or BUS event could not be queued */
  host_event reading; /* the event that Lua holds now; a push may reuse its place in the ring */
} ring;

int op_starved;

static void *get(size_t n) {
  return op_starved ? NULL : malloc(n);
}

/* ---- the ring's room ----------------------------------------------------------------------- */

static bool ring_grow(size_t want) {
  size_t cap = ring.cap ? ring.cap : RING_MIN;
  while (cap < want) cap *= 2;
  if (cap > RING_MAX) return false;
  host_event *v = get(cap * sizeof *v);
  if (!v) return false;
  for (size_t i = 0; i < ring.n; i++) v[i] = ring.v[(ring.head + i) & (ring.cap - 1)];
  free(ring.v);
  ring.v = v;
  ring.head = 0;
  ring.cap = cap;
  return true;
}

static bool ring_room(size_t want) {
  return want <= ring.cap || ring_grow(want);
}

/* Room reserved for events that must never be lost. */
static size_t kept_places(int32_t ops) {
  return (size_t)ops * OP_PLACES + SYSTEM_PLACES;
}

static bool is_dispensable(int kind) {
  return kind == HOST_EV_REQUEST || kind == HOST_EV_CHUNK || kind == HOST_EV_WS_MSG ||
         kind == HOST_EV_BUS || kind == HOST_EV_NOTIFY;
}

/* ---- ids ---------------------------------------------------------------------------------- */

static void free_push(int32_t i) {
  slots[i].next_free = -1;
  if (free_head < 0) free_head = i;
  else slots[free_tail].next_free = i;
  free_tail = i;
}

static bool slots_grow(void) {
  int32_t want = n_slots ? n_slots * 2 : 256;
  if (want > SLOT_MAX) return false;
  if (op_starved) return false;
  slot *v = realloc(slots, (size_t)want * sizeof *v);
  if (!v) return false;
  slots = v;
  for (int32_t i = n_slots; i < want; i++) {
    slots[i] = (slot){.gen = 1};
    free_push(i);
  }
  n_slots = want;
  return true;
}

static op *op_at(host_id id) {
  int32_t i = id & (SLOT_MAX - 1);
  if (id <= 0 || i >= n_slots || slots[i].gen != id >> SLOT_BITS) return NULL;
  return slots[i].o;
}

op *op_find(host_id id, op_kind kind) {
  op *o = op_at(id);
  return o && o->kind == kind ? o : NULL;
}

static void owner_link(task *t, op *o) {
  o->prev = NULL;
  o->next = t->children;
  if (t->children) t->children->prev = o;
  t->children = o;
  t->n_children++;
}

static void owner_unlink(op *o) {
  task *t = (task *)op_find(o->owner, OP_TASK);
  if (o->prev) o->prev->next = o->next;
  else if (t && t->children == o) t->children = o->next;
  if (o->next) o->next->prev = o->prev;
  if (t) t->n_children--;
  o->prev = o->next = NULL;
}

static bool owner_full(const task *t) {
  static int max;
  if (!max) max = (int)conf_num("limits.ops");
  return t->n_children >= max;
}

host_id op_open(op *o, op_kind kind, host_id owner, void (*cancel)(op *)) {
  task *t = owner ? (task *)op_find(owner, OP_TASK) : NULL;
  if (owner && !t) return HOST_EGONE;
  if (t && owner_full(t)) return HOST_EOPS;
  if (!ring_room(ring.n + kept_places(n_live + 1))) return HOST_EFULL;
  if (free_head < 0 && !slots_grow()) return HOST_EFULL;
  int32_t i = free_head;
  free_head = slots[i].next_free;
  slots[i].o = o;
  *o = (op){.id = slots[i].gen << SLOT_BITS | i, .owner = owner, .kind = kind, .cancel = cancel};
  if (t) owner_link(t, o);
  n_live++;
  return o->id;
}

void op_close(op *o) {
  slot *s = &slots[o->id & (SLOT_MAX - 1)];
  if (o->owner) owner_unlink(o);
  s->o = NULL;
  s->gen = s->gen + 1 < GEN_MAX ? s->gen + 1 : 1;
  free_push((int32_t)(s - slots));
  n_live--;
  o->id = 0;
}

int op_live(void) {
  return n_live;
}

int host_op_cancel(host_id id) {
  op *o = op_at(id);
  if (!o || !o->cancel) return HOST_EGONE;
  o->cancel(o);
  return 0;
}

/* ---- owners --------------------------------------------------------------------------------- */

host_id host_task_new(void) {
  task *t = get(sizeof *t);
  if (!t) return HOST_EFULL;
  *t = (task){0};
  host_id id = op_open(&t->base, OP_TASK, 0, NULL);
  if (id < 0) free(t);
  return id;
}

void host_task_end(host_id id) {
  task *t = (task *)op_find(id, OP_TASK);
  if (!t) return;
  while (t->children) {
    op *o = t->children;
    owner_unlink(o);
    o->owner = 0;
    o->quiet = 1;
    if (o->cancel) o->cancel(o);
  }
  op_close(&t->base);
  free(t);
}

/* ---- events ---------------------------------------------------------------------------------- */

int op_push_own(int kind, int status, host_id id, host_id owner, void *data, size_t n) {
  if (!ring_room(ring.n + 1 + (is_dispensable(kind) ? kept_places(n_live) : 0))) {
    free(data);
    return HOST_EFULL;
  }
  ring.v[(ring.head + ring.n++) & (ring.cap - 1)] = (host_event){
      .kind = kind, .status = status, .id = id, .owner = owner, .data = {.p = data, .n = (uint32_t)n}};
  ring.bytes += n;
  return 0;
}

int op_push(int kind, int status, host_id id, host_id owner, const void *data, size_t n) {
  void *copy = NULL;
  if (n) {
    copy = get(n);
    if (!copy) return HOST_EFULL;
    memcpy(copy, data, n);
  }
  return op_push_own(kind, status, id, owner, copy, n);
}

int op_done(op *o, int status, const void *data, size_t n) {
  int r = 0;
  if (!o->quiet) {
    r = op_push(HOST_EV_DONE, status, o->id, o->owner, data, n);
    /* No memory for the result: the waiter must still learn that the op has ended. */
    if (r < 0) r = op_push(HOST_EV_DONE, HOST_EFULL, o->id, o->owner, NULL, 0);
  }
  op_close(o);
  return r;
}

int op_done_own(op *o, int status, void *data, size_t n) {
  int r = 0;
  if (o->quiet) free(data);
  else r = op_push_own(HOST_EV_DONE, status, o->id, o->owner, data, n);
  op_close(o);
  return r;
}

const host_event *host_next_event(void) {
  free((void *)(uintptr_t)ring.reading.data.p);
  ring.reading.data.p = NULL;
  if (!ring.n && !ring.missed) return NULL;
  if (!ring.n) {
    ring.missed = false;
    ring.reading = (host_event){.kind = HOST_EV_NOTIFY, .status = 1};
    return &ring.reading;
  }
  ring.reading = ring.v[ring.head];
  ring.head = (ring.head + 1) & (ring.cap - 1);
  ring.n--;
  ring.bytes -= ring.reading.data.n;
  return &ring.reading;
}

void op_missed(void) {
  ring.missed = true;
}

int op_pending(void) {
  return (int)ring.n + ring.missed;
}

int op_congested(void) {
  return ring.n > SOFT_EVENTS || ring.bytes > SOFT_BYTES;
}

/* SPDX-License-Identifier: MIT
 * op.h -- ids, owners and the event queue: everything that C and Lua share by id.
 *
 * A struct that Lua refers to embeds an `op` as its first member.  The code that opens an op closes
 * it, exactly once; ids carry a generation, so a stale one finds nothing.  Never calls Lua. */
#ifndef HUMAN_OP_H
#define HUMAN_OP_H
#include <stdint.h>
#include <stddef.h>

#include "host_api.h"

typedef enum {
  OP_TASK = 1, OP_REQUEST, OP_WS, OP_LEASE, OP_QUERY, OP_FETCH, OP_EXEC, OP_FILE, OP_UPLOAD, OP_CHANGE,
  OP_SENTENCE, OP_DNS, OP_ASIDE
} op_kind;

typedef struct op op;
struct op {
  host_id id, owner;
  op_kind kind;
  void (*cancel)(op *o); /* ends it early: pushes DONE/ECANCELED unless `quiet`, then closes it */
  op *prev, *next;       /* siblings of one owner */
  int quiet;             /* its owner is gone: push no more events */
};

/* owner 0: none.  HOST_EFULL at the limit of ids, HOST_EGONE when the owner is gone. */
host_id op_open(op *o, op_kind kind, host_id owner, void (*cancel)(op *));
op *op_find(host_id id, op_kind kind); /* NULL: stale, or of another kind */
void op_close(op *o);
int op_live(void); /* the number of open ops */

/* Queues an event; copies `data`.  Returns 0, or HOST_EFULL when out
 * of memory.  An event without data never fails, except REQUEST,
 * CHUNK, WS_MSG, BUS and NOTIFY: their sender must handle that. */
int op_push(int kind, int status, host_id id, host_id owner, const void *data, size_t n);
/* The same, but takes ownership of `data` (malloc'ed; freed when the event has been read). */
int op_push_own(int kind, int status, host_id id, host_id owner, void *data, size_t n);
int op_done(op *o, int status, const void *data, size_t n); /* DONE unless quiet; then op_close */
int op_done_own(op *o, int status, void *data, size_t n); /* the same, but owns `data` */
void op_missed(void);    /* a NOTIFY or BUS event was lost: NOTIFY with status 1 will say so */
extern int op_starved;   /* for specs: while set, allocating events and ops fails */
int op_pending(void);    /* events queued */
int op_congested(void);  /* over the queue's soft limit: stop reading from sockets until it drains */
#endif

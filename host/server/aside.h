/* SPDX-License-Identifier: MIT
 * aside.h -- what a worker wants done by a process of its own, since it may spin or crash: a draft of a
 * script that is checked or replayed, and a reload that is awaited (host/lua/cli/aside.lua does it). */
#ifndef HUMAN_ASIDE_H
#define HUMAN_ASIDE_H
#include <stdbool.h>
#include <sys/types.h>

#include "core/link.h"
#include "core/op.h"

struct lua_State;

/* What main.c adds to human.native in that process (worker.h). */
extern void (*aside_native)(struct lua_State *L);

/* ---- for the supervisor ---- */

/* Owns fd, a memfd with the request, to which the process appends its answer.  The worker hears when it
 * has ended, or at once that it cannot begin ("busy"). */
void aside_start(int worker, const link_message *asked, int fd);
void aside_refuse(int worker, const link_message *asked, int fd); /* not now */
bool aside_reaped(pid_t pid, int status); /* true: it was one of these */
void aside_turn(double now);              /* ends those that take too long */
void aside_stop(void);

/* ---- for a worker ---- */

host_id aside_ask(int control, host_id owner, const host_str *request);
void aside_heard(host_id id, int ok, const char *text);
#endif

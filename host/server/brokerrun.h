/* SPDX-License-Identifier: MIT
 * brokerrun.h -- from the fork of a program to its first instruction. */
#ifndef HUMAN_BROKERRUN_H
#define HUMAN_BROKERRUN_H
#include "server/brokerwire.h"

typedef struct {
  int root;              /* where the directories of calls lie; -1: there is none */
  const char *path;      /* where programs are looked for: absolute directories, between ':' */
  uint64_t threads;      /* that our user has already; 0: RLIMIT_NPROC does not count for him */
} run_place;

int run_processes(const wire_call *call); /* how many processes it may have */

/* In the child, whose parent `keeper` reads from `failed`: nothing, when the program runs. */
_Noreturn void run_program(const wire_call *call, const run_place *place, const int std[3], int failed,
                           int keeper);
#endif

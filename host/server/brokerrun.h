/* SPDX-License-Identifier: MIT
 * brokerrun.h -- from the fork of a program to its first instruction. */
#ifndef HUMAN_BROKERRUN_H
#define HUMAN_BROKERRUN_H
#include "server/brokerwire.h"

typedef struct {
  int root;              /* the directory below which programs work; -1: there is none */
  const char *path;      /* where to look for programs: absolute directories, separated by ':' */
  uint64_t threads;      /* that our user has already; 0: RLIMIT_NPROC does not apply to it */
} run_place;

int run_processes(const wire_call *call); /* how many processes it may have */

/* In the child.  Its parent `keeper` reads errors from `failed`: nothing if the program runs. */
_Noreturn void run_program(const wire_call *call, const run_place *place, const int std[3], int failed,
                           int keeper);
#endif

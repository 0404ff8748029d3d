/* SPDX-License-Identifier: MIT
 * brokerrun.h -- from the fork of a program to its first instruction. */
#ifndef HUMAN_BROKERRUN_H
#define HUMAN_BROKERRUN_H
#include "server/brokerwire.h"

typedef struct {
  int root;              /* the directory below which programs work; -1: none */
  const char *path;      /* the search path: absolute directories, separated by ':' */
  uint64_t threads;      /* that our user has already; 0: RLIMIT_NPROC does not apply */
} run_place;

int run_processes(const wire_call *call); /* its maximum number of processes */

/* In the child.  Its parent `keeper` reads an error from
 * `failed`, or end of file if the program runs. */
_Noreturn void run_program(const wire_call *call, const run_place *place, const int std[3], int failed,
                           int keeper);
#endif

/* SPDX-License-Identifier: MIT
 * broker.h -- the process that starts programs for workers (human.exec). */
#ifndef HUMAN_BROKER_H
#define HUMAN_BROKER_H
#include <stdbool.h>

/* The broker is this program again, with BROKER_NAME as argv[0] and these arguments: the pid of its
 * parent, the directory below which programs work, the search path for programs, how many may run at a
 * time, and the number of workers.  The workers' channels are the descriptors from BROKER_CHANNEL on. */
#define BROKER_NAME "human-broker"
enum { BROKER_CHANNEL = 3, BROKER_WORDS = 6, BROKER_RUNNING_MAX = 1024 };

bool broker_is_meant(int argc, char **argv);
int broker_main(char **argv); /* exit status */
#endif

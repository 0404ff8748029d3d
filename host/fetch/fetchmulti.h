/* SPDX-License-Identifier: MIT
 * fetchmulti.h -- the curl multi handles that carry transfers. */
#ifndef HUMAN_FETCHMULTI_H
#define HUMAN_FETCHMULTI_H
#include "fetch/fetch.h"

/* done() is called from the loop when a transfer has ended. */
int fetchmulti_init(void (*done)(fetch *f, CURLcode result));
void fetchmulti_stop(void);
int fetchmulti_add(fetch *f); /* makes f->easy and starts it; 0, HOST_ETIMEOUT or HOST_EFULL */
void fetchmulti_remove(fetch *f, bool ended); /* not ended: closes its connection */
#endif

/* SPDX-License-Identifier: MIT
 * stats.c -- host_stats(): the worker's current resource use, for its gauges and for /ready.
 *
 * Owns nothing.  Called once a second, so it may cost a system call, but no loop over connections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/op.h"
#include "core/pack.h"
#include "net/conn.h"
#include "pg/pool.h"
#include "server/bus.h"

enum { STATS_MAX = 4096 };

/* Resident memory; 0 where /proc is not mounted. */
static double resident(void) {
  char text[128];
  FILE *f = fopen("/proc/self/statm", "re");
  if (!f) return 0;
  char *second = fgets(text, sizeof text, f) ? strchr(text, ' ') : NULL; /* the first is the size */
  fclose(f);
  return second ? (double)strtol(second, NULL, 10) * (double)sysconf(_SC_PAGESIZE) : 0;
}

/* The most that was resident; the kernel counts it in KB. */
static double peak(void) {
  struct rusage used;
  return getrusage(RUSAGE_SELF, &used) ? 0 : (double)used.ru_maxrss * 1024;
}

static int put(buf *b, const char *name, double value) {
  return pack_z(b, name) || pack_num(b, value);
}

static int put_pool(buf *b) {
  pool_numbers p;
  pool_look(&p);
  return pack_z(b, "pool") || pack_map(b, 8) || put(b, "size", p.size) ||
         put(b, "leased", p.leased) || put(b, "busy", p.busy) || put(b, "idle", p.idle) ||
         put(b, "waiting", p.waiting) || put(b, "statements", p.statements) ||
         put(b, "waits", p.waits) || put(b, "wait_s", p.wait_s);
}

int host_stats(host_str *out) {
  static buf b = {.max = STATS_MAX};
  b.n = 0;
  if (pack_map(&b, 7) || put(&b, "rss_bytes", resident()) || put(&b, "peak_bytes", peak()) ||
      put(&b, "connections", conn_count()) || put(&b, "events", op_pending()) || put(&b, "ops", op_live()) ||
      put(&b, "bus_bytes", (double)bus_queued()) || put_pool(&b))
    return HOST_EFULL;
  *out = (host_str){b.p, (uint32_t)b.n};
  return 0;
}

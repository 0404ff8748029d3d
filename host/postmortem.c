/* SPDX-License-Identifier: MIT
 * postmortem.c -- see postmortem.h: one log line with what ran, where in the scripts, and where in C;
 * then the signal's own effect, which leaves a core file where the system keeps them.
 *
 * The process may have been stopped anywhere, inside malloc() too.  So nothing here allocates, and if
 * it fails all the same, the second signal ends the process; if it hangs, the supervisor does. */
#include "postmortem.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bridge.h"
#include "log.h"
#include "shm.h"

enum { FRAMES = 16, SKIP = 2, C_BYTES = 1000, LUA_BYTES = 2000 };

/* "symbol+offset < caller ..", innermost first.  A function without a symbol is "file+offset", for
 * addr2line(1); compiled scripts are "?". */
static void c_trace(char *to, size_t size) {
  void *frame[FRAMES];
  size_t n = 0;
  int count = backtrace(frame, FRAMES);
  *to = 0;
  for (int i = SKIP; i < count && n < size; i++) {
    Dl_info info;
    const char *name = "?";
    uintptr_t from = (uintptr_t)frame[i];
    if (dladdr(frame[i], &info)) {
      const char *slash = strrchr(info.dli_fname, '/');
      name = info.dli_sname ? info.dli_sname : slash ? slash + 1 : info.dli_fname;
      from = (uintptr_t)(info.dli_sname ? info.dli_saddr : info.dli_fbase);
    }
    int k = snprintf(to + n, size - n, "%s%s+0x%zx", n ? " < " : "", name, (uintptr_t)frame[i] - from);
    if (k > 0) n += (size_t)k;
  }
}

static void on_abort(int sig) {
  static char lua[LUA_BYTES], c[C_BYTES];
  static shm_beat beat;
  shm_self(&beat);
  const char *what = beat.busy ? beat.what : "the host";
  bridge_trace(lua, sizeof lua);
  log_fmt(LOG_ERROR, "aborted in %s; script: %s", what, lua);
  c_trace(c, sizeof c); /* last: it gives up at compiled code, in ways of its own */
  log_fmt(LOG_ERROR, "aborted in %s; C: %s", what, c);
  raise(sig);
}

void postmortem_install(void) {
  struct sigaction a = {.sa_handler = on_abort, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
  void *frame[1];
  backtrace(frame, 1); /* loads what it needs now */
  sigemptyset(&a.sa_mask);
  sigaction(SIGABRT, &a, NULL);
}

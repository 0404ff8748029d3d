/* SPDX-License-Identifier: MIT
 * postmortem.c -- see postmortem.h: writes one log line with what ran, where in the scripts, and where in C;
 * then lets the signal take its default action, which leaves a core file if the system keeps them.
 *
 * The signal may have interrupted anything, even malloc(), or the interpreter between two words of a frame.
 * So nothing here allocates, and a fault ends only the text that was being written; if it hangs, the
 * supervisor ends it. */
#include "server/postmortem.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/sanitized.h"
#include "core/shm.h"
#include "server/bridge.h"

enum { FRAMES = 16, SKIP = 2, C_BYTES = 1000, LUA_BYTES = 2000, STACK_BYTES = 64 * 1024 };

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
enum { FAULTS = sizeof faults / sizeof *faults };

static sigjmp_buf way_out;

static void leave(int sig) {
  siglongjmp(way_out, sig);
}

void postmortem_write(postmortem_writer *write, char *to, size_t size) {
  static struct sigaction before[FAULTS];
  struct sigaction a = {.sa_handler = leave, .sa_flags = SA_ONSTACK};
  sigemptyset(&a.sa_mask);
  to[0] = to[size - 1] = 0;
  for (int i = 0; i < FAULTS; i++) sigaction(faults[i], &a, &before[i]);
  if (!sigsetjmp(way_out, 1)) {
    write(to, size);
  } else {
    size_t n = strnlen(to, size - 1);
    snprintf(to + n, size - n, "%s?", n ? " < " : "");
  }
  for (int i = 0; i < FAULTS; i++) sigaction(faults[i], &before[i], NULL);
}

/* The file of an address; for the program itself that would
 * be argv[0], which parsing may have moved. */
static const char *file_of(const Dl_info *info) {
  const char *slash = strrchr(info->dli_fname, '/');
  return *info->dli_fname == '/' && slash ? slash + 1 : "human";
}

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
      name = info.dli_sname ? info.dli_sname : file_of(&info);
      from = (uintptr_t)(info.dli_sname ? info.dli_saddr : info.dli_fbase);
    }
    int k = snprintf(to + n, size - n, "%s%s+0x%zx", n ? " < " : "", name, (uintptr_t)frame[i] - from);
    if (k > 0) n += (size_t)k;
  }
}

static const char *running(void) {
  static shm_beat beat;
  shm_self(&beat);
  return beat.busy ? beat.what : "the host";
}

static void log_script(const char *how, const char *what) {
  static char text[LUA_BYTES];
  postmortem_write(bridge_trace, text, sizeof text);
  log_fmt(LOG_ERROR, "%s in %s; script: %s", how, what, text);
}

static void log_c(const char *how, const char *what) {
  static char text[C_BYTES];
  postmortem_write(c_trace, text, sizeof text);
  log_fmt(LOG_ERROR, "%s in %s; C: %s", how, what, text);
}

/* C's stack last: unwinding may fail badly at compiled code. */
static void on_abort(int sig) {
  const char *what = running();
  log_script("aborted", what);
  log_c("aborted", what);
  raise(sig);
}

/* C's stack first: after a fault the scripts' state may be what is broken. */
static void on_fault(int sig, siginfo_t *info, void *context) {
  char how[64];
  (void)context;
  const char *what = running();
  snprintf(how, sizeof how, "%s at %p", sigdescr_np(sig), info->si_addr);
  log_c(how, what);
  log_script(how, what);
  raise(sig);
}

/* On a separate stack: the fault may be a stack overflow. */
static void install_for_faults(void) {
  static char memory[STACK_BYTES];
  stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
  struct sigaction a = {.sa_sigaction = on_fault};
  a.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
  sigemptyset(&a.sa_mask);
  if (sigaltstack(&stack, NULL)) return;
  for (int i = 0; i < FAULTS; i++) sigaction(faults[i], &a, NULL);
}

void postmortem_install(void) {
  struct sigaction a = {.sa_handler = on_abort, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
  void *frame[1];
  backtrace(frame, 1); /* loads its library now */
  sigemptyset(&a.sa_mask);
  sigaction(SIGABRT, &a, NULL);
  if (!SANITIZED) install_for_faults(); /* the sanitizer reports faults itself, and better */
}

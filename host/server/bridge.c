/* SPDX-License-Identifier: MIT
 * bridge.c -- the only user of the Lua C API, besides bridgerule.c, jsonread.c, jsonwrite.c and the
 * commands (cli/native.c): one lua_State, entered once per loop turn.
 *
 * Owns the state, its memory account and the watchdog's hook.  Must never be
 * reached from a host_* function: C called through the FFI does not re-enter Lua. */
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/sanitized.h"
#include "core/shm.h"
#include "host_api.h"
#include "server/bridge.h"
#include "server/bridgerule.h"
#include "server/bundle.h"
#include "server/embed.h"
#include "server/instance.h"
#include "server/jsonread.h"
#include "server/jsonwrite.h"
#include "server/worker.h"

enum { GC_PAUSE = 300, GC_PAUSE_LARGE = 150, TRACE_LEVELS = 24, TRACE_THREADS = 8 };

enum { COUNTED_LABELS = 1024 }; /* what has a higher number is counted with the runtime */

static const double YOUNG_S = 2, LOAD_GRACE_S = 1, STOP_GRACE_S = 0.3;

int luaopen_cjson(lua_State *L);

static struct {
  lua_State *L;
  int dispatch; /* registry reference of sched.dispatch */
  lua_Alloc alloc;
  void *alloc_ud;
  size_t used, cap, soft_cap;
  const host_beat *beat;
  double allocated[COUNTED_LABELS]; /* bytes ever, by the label that ran */
  bool over_cap;
  double born;  /* shm_clock() */
  bool exiting;
  int exit_code;
  const worker_spec *spec;
} bridge;

/* ---- memory: counted, and refused beyond the cap --------------------------------------------- */

/* After a refusal, extra room to report it: garbage fills the heap until C runs a collection. */
static const size_t RESERVE = (size_t)4 << 20;

static void note_allocated(size_t n) {
  int label = bridge.beat->label;
  if (label < 0) label = -label;
  bridge.allocated[label < COUNTED_LABELS ? label : 0] += (double)n;
}

static void *counted_alloc(void *ud, void *p, size_t old, size_t want) {
  (void)ud;
  size_t before = p ? old : 0, cap = bridge.cap;
  if (want > before && !bridgerule_may_have(want - before)) return NULL;
  if (bridge.over_cap && cap < SIZE_MAX - RESERVE) cap += RESERVE;
  if (want > before && bridge.used + (want - before) > cap) {
    bridge.over_cap = true;
    return NULL;
  }
  void *q = bridge.alloc(bridge.alloc_ud, p, old, want);
  if (q && want > before) note_allocated(want - before);
  if (q || !want) bridge.used = bridge.used - before + want;
  return q;
}

/* For sanitizers, which cannot see bad accesses within the large pieces
 * of LuaJIT's own allocator: uses malloc for each object, and always
 * moves a resized one, so that uses of the old address are found. */
static void *plain_alloc(void *ud, void *p, size_t old, size_t want) {
  (void)ud;
  void *q = want ? malloc(want) : NULL;
  if (q && p) memcpy(q, p, old < want ? old : want);
  if (q || !want) free(p);
  return q;
}

static lua_State *new_state(void) {
  return SANITIZED ? lua_newstate(plain_alloc, NULL) : luaL_newstate();
}

size_t bridge_memory(void) {
  return bridge.used;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

/* Raises with the script's current position: in a hook that is level 0, but luaL_error uses 1. */
static void raise_here(lua_State *L, const char *what) {
  luaL_where(L, 0);
  lua_pushstring(L, what);
  lua_concat(L, 2);
  lua_error(L);
}

/* The signal may arrive after the turn it was meant for: then interrupt nothing. */
static void on_stuck(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  double busy = shm_busy_for();
  if (busy >= 0 && busy * 1000 < conf_num("limits.script_hard_ms")) {
    bridgerule_hook(L);
    return;
  }
  raise_here(L, "script ran for too long without waiting");
}

void bridge_on_sigusr1(int sig) {
  (void)sig;
  if (bridge.L) lua_sethook(bridge.L, on_stuck, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

/* The coroutine that L has resumed: resume() keeps it in slot 1. */
static lua_State *resumed_by(lua_State *L) {
  lua_Debug ar;
  if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "S", &ar) || *ar.what != 'C') return NULL;
  return lua_getlocal(L, &ar, 1) ? lua_tothread(L, -1) : NULL;
}

/* ---- the time limit for loading scripts ----
 *
 * After reload.timeout_ms of this thread's CPU time, or LOAD_PATIENCE times as long by the clock,
 * a timer raises an error that names the line (the JIT is off while scripts load).  A script that
 * catches the error and is still running a second later ends the process, which logs where. */

static struct {
  double limit_s;               /* 0: no scripts are loading */
  timer_t cpu;
  bool has_cpu;
  volatile sig_atomic_t interrupted, stopped; /* stopped: by this signal */
} load;

static void alarm_in(double seconds) {
  long s = (long)seconds;
  struct itimerval t = {.it_value = {.tv_sec = s, .tv_usec = (long)((seconds - (double)s) * 1e6)}};
  setitimer(ITIMER_REAL, &t, NULL);
}

/* 0: none. */
static void load_alarm_in(double cpu_s) {
  time_t s = (time_t)cpu_s;
  struct itimerspec t = {.it_value = {.tv_sec = s, .tv_nsec = (long)((cpu_s - (double)s) * 1e9)}};
  if (load.has_cpu) timer_settime(load.cpu, 0, &t, NULL);
  alarm_in(load.has_cpu ? cpu_s * LOAD_PATIENCE : cpu_s);
}

static void hook_next(lua_State *L, lua_Hook hook) {
  lua_sethook(L, hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

static void load_text(lua_State *L, char *to, size_t n) {
  char place[LUA_IDSIZE + 40], full[PATH_MAX + 40];
  bool found = bridgerule_place(L, place, sizeof place);
  bundle_explain(place, full, sizeof full);
  snprintf(to, n, "%s%sloading took longer than reload.timeout_ms (%.3g s)", full, found ? ": " : "",
           load.limit_s);
}

static void on_load_limit(lua_State *L, lua_Debug *ar) {
  char text[PATH_MAX + 160];
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  load_text(L, text, sizeof text);
  lua_pushstring(L, text);
  lua_error(L);
}

static void on_interrupt(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  raise_here(L, "interrupted");
}

/* The checker's verdict goes to stdout (reload.c), a command's to the terminal, a worker's to the log. */
static _Noreturn void give_up_loading(void) {
  static char text[PATH_MAX + 160];
  const char *command = bridge.spec->command;
  lua_State *innermost = bridge.L;
  for (lua_State *L = innermost; L; L = resumed_by(L)) innermost = L;
  load_text(innermost, text, sizeof text);
  if (!command) log_fmt(LOG_ERROR, "scripts refused: %s", text);
  else if (bridge.spec->index < 0) dprintf(STDOUT_FILENO, "%s\n", text);
  else dprintf(STDERR_FILENO, "refused: %s\n", text);
  if (!command) log_flush();
  _exit(1);
}

static void on_alarm(int sig) {
  (void)sig;
  if (load.stopped && shm_busy_for() > 0) _exit(128 + load.stopped);
  if (load.stopped || load.limit_s <= 0) return;
  if (load.interrupted) give_up_loading();
  load.interrupted = 1;
  hook_next(bridge.L, on_load_limit);
  load_alarm_in(LOAD_GRACE_S);
}

static void take_alarm(void) {
  struct sigaction a = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  struct sigevent to = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  sigemptyset(&a.sa_mask);
  sigaction(SIGALRM, &a, NULL);
  load.has_cpu = timer_create(CLOCK_THREAD_CPUTIME_ID, &to, &load.cpu) == 0;
}

void bridge_interrupt(int sig) {
  if (!bridge.L || shm_busy_for() <= 0) return;
  load.stopped = sig;
  hook_next(bridge.L, on_interrupt);
  alarm_in(STOP_GRACE_S);
}

/* native.load_begin(seconds), native.load_end(): scripts load in between; 0: for as long as the
 * watchdog lets them. */
static int native_load_begin(lua_State *L) {
  load.limit_s = luaL_checknumber(L, 1);
  load.interrupted = 0;
  shm_loading(true);
  if (!load.stopped) load_alarm_in(load.limit_s);
  return 0;
}

static int native_load_end(lua_State *L) {
  load.limit_s = 0;
  shm_loading(false);
  if (load.stopped) return 0;
  load_alarm_in(0);
  if (load.interrupted) lua_sethook(L, NULL, 0, 0);
  return 0;
}

/* Appends the call stack of one thread, innermost first; returns the new length of the text. */
static size_t trace_thread(lua_State *L, char *to, size_t n, size_t size) {
  lua_Debug ar;
  for (int level = 0; level < TRACE_LEVELS && n < size && lua_getstack(L, level, &ar); level++) {
    if (!lua_getinfo(L, "Sl", &ar)) break;
    int line = ar.currentline > 0 ? ar.currentline : ar.linedefined;
    if (*ar.what == 'C') continue;
    int k = snprintf(to + n, size - n, "%s%s:%d", n ? " < " : "", ar.short_src, line);
    if (k > 0) n += (size_t)k;
  }
  return n < size ? n : size - 1;
}

/* The scripts' stack, without allocating: the process may have been interrupted anywhere, and ends
 * after this.  In compiled code, lines are those of the last call or side exit.  Where a call or a hook
 * is being entered, a frame may be half written, and reading it a fault: what is found so far is in `to`. */
void bridge_trace(char *to, size_t n) {
  lua_State *thread[TRACE_THREADS];
  int count = 0;
  size_t used = 0;
  *to = 0;
  for (lua_State *L = bridge.L; L && count < TRACE_THREADS; L = resumed_by(L)) thread[count++] = L;
  while (count > 0) used = trace_thread(thread[--count], to, used, n);
}

/* ---- the module human.native, for the trusted runtime only ----------------------------------- */

static int native_exit(lua_State *L) {
  bridge.exiting = true;
  bridge.exit_code = (int)luaL_optinteger(L, 1, 0);
  loop_wake();
  return 0;
}

static int native_memory(lua_State *L) {
  lua_pushnumber(L, (lua_Number)bridge.used);
  return 1;
}

/* native.allocated(label) -> the bytes that were allocated while it ran, freed ones too. */
static int native_allocated(lua_State *L) {
  int label = (int)luaL_checkinteger(L, 1);
  lua_pushnumber(L, label >= 0 && label < COUNTED_LABELS ? bridge.allocated[label] : 0);
  return 1;
}

static int open_native(lua_State *L) {
  static const luaL_Reg fns[] = {
      {"load_begin", native_load_begin}, {"load_end", native_load_end},
      {"exit", native_exit}, {"memory", native_memory}, {"allocated", native_allocated},
      {NULL, NULL}};
  lua_newtable(L);
  luaL_register(L, NULL, fns);
  bridgerule_register(L);
  jsonread_register(L);
  jsonwrite_register(L);
  if (bridge.spec->more_native) bridge.spec->more_native(L);
  if (bridge.spec->command) {
    lua_pushstring(L, bridge.spec->command);
    lua_setfield(L, -2, "command");
    lua_pushstring(L, bridge.spec->refused);
    lua_setfield(L, -2, "refused");
    lua_pushboolean(L, bridge.spec->draft);
    lua_setfield(L, -2, "draft");
  }
  lua_pushinteger(L, bridge.spec->generation);
  lua_setfield(L, -2, "generation");
  lua_pushstring(L, HUMAN_VERSION);
  lua_setfield(L, -2, "version");
  lua_pushstring(L, instance_id());
  lua_setfield(L, -2, "instance");
  lua_newtable(L);
  for (int i = 0; i < bridge.spec->argc; i++) {
    lua_pushstring(L, bridge.spec->argv[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "args");
  const char *text;
  size_t n;
  if (embed_find("host_api.h", &text, &n)) {
    lua_pushlstring(L, text, n);
    lua_setfield(L, -2, "api_header");
  }
  return 1;
}

/* package.loaders entry: modules compiled into the binary. */
static int embedded_loader(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  const char *code;
  size_t n;
  if (!embed_find(name, &code, &n)) {
    lua_pushfstring(L, "\n\tnot compiled in: '%s'", name);
    return 1;
  }
  if (luaL_loadbuffer(L, code, n, name)) return lua_error(L);
  return 1;
}

static void preload(lua_State *L, const char *name, lua_CFunction open) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 2);
}

static void add_loader(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaders");
  for (int i = (int)lua_objlen(L, -1); i >= 2; i--) {
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushcfunction(L, embedded_loader);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 2);
}

static int traceback(lua_State *L) {
  const char *msg = lua_tostring(L, 1);
  luaL_traceback(L, L, msg ? msg : "(error object is not a string)", 1);
  return 1;
}

/* Runs the function below nargs arguments; on error logs it and returns false. */
static bool call(lua_State *L, int nargs, int nresults) {
  int at = lua_gettop(L) - nargs;
  lua_pushcfunction(L, traceback);
  lua_insert(L, at);
  int failed = lua_pcall(L, nargs, nresults, at);
  lua_remove(L, at);
  if (!failed) return true;
  const char *msg = lua_tostring(L, -1);
  log_fmt(LOG_ERROR, "runtime: %s", msg ? msg : "error while handling an error");
  lua_pop(L, 1);
  return false;
}

/* LuaJIT does no emergency collection: until C runs one, even loading a chunk fails. */
static void relieve_memory(lua_State *L) {
  bridge.over_cap = false;
  size_t cap = bridge.cap;
  bridge.cap = SIZE_MAX;
  lua_gc(L, LUA_GCCOLLECT, 0);
  bridge.cap = cap;
  log_fmt(LOG_ERROR, "runtime: script memory reached limits.lua_memory_bytes; %zu bytes are in use "
          "after a collection", bridge.used);
}

/* If too much is left after a collection, only a new process is sure to help.  A large heap gets a
 * shorter GC pause, since three times its size would exceed the hard cap by garbage alone. */
static void check_soft_cap(lua_State *L) {
  if (bridge.used <= bridge.soft_cap) return;
  lua_gc(L, LUA_GCSETPAUSE, GC_PAUSE_LARGE);
  lua_gc(L, LUA_GCCOLLECT, 0);
  if (bridge.used <= bridge.soft_cap - bridge.soft_cap / 8) return;
  if (bridge.spec->command) {
    bridge.soft_cap = bridge.used + bridge.used / 2;
    return;
  }
  if (shm_clock() - bridge.born < YOUNG_S) return; /* a successor would fare no better */
  log_fmt(LOG_WARN, "worker %d: scripts hold %zu bytes (limits.lua_soft_bytes); a new worker takes over",
          bridge.spec->index, bridge.used);
  bridge.soft_cap = SIZE_MAX;
  worker_retire();
}

int bridge_init(const worker_spec *spec) {
  bridge.spec = spec;
  bridge.cap = bridge.soft_cap = SIZE_MAX;
  bridge.beat = host_beat_page();
  take_alarm();
  lua_State *L = bridge.L = new_state();
  if (!L) return -1;
  bridge.alloc = lua_getallocf(L, &bridge.alloc_ud);
  bridge.used = (size_t)lua_gc(L, LUA_GCCOUNT, 0) * 1024;
  lua_setallocf(L, counted_alloc, NULL);
  luaL_openlibs(L);
  /* Requests leave short-lived garbage on a small live heap: collecting it at three times the live
   * size instead of twice halves the marking, for a few megabytes. */
  lua_gc(L, LUA_GCSETPAUSE, GC_PAUSE);
  if (!conf_bool("jit")) luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  preload(L, "cjson", luaopen_cjson);
  preload(L, "human.native", open_native);
  add_loader(L);
  lua_getglobal(L, "require");
  lua_pushstring(L, "human.core.boot");
  if (!call(L, 1, 1)) return -1;
  if (!lua_isfunction(L, -1)) return -1;
  bridge.dispatch = luaL_ref(L, LUA_REGISTRYINDEX);
  bridge.cap = (size_t)conf_num("limits.lua_memory_bytes");
  bridge.soft_cap = (size_t)conf_num("limits.lua_soft_bytes");
  bridge.born = shm_clock();
  return 0;
}

/* An error that gets here is a bug of the runtime itself, or there was no memory to handle another
 * error. The task is lost, and others may wait for it forever, so the process ends. */
static void runtime_failed(void) {
  if (bridge.spec->command || shm_clock() - bridge.born < YOUNG_S) return;
  log_fmt(LOG_ERROR, "worker %d: its runtime has failed; a new worker takes over", bridge.spec->index);
  worker_retire();
}

int bridge_dispatch(double budget_s) {
  lua_State *L = bridge.L;
  shm_busy();
  lua_rawgeti(L, LUA_REGISTRYINDEX, bridge.dispatch);
  lua_pushnumber(L, budget_s);
  int more = 1;
  if (call(L, 1, 1)) {
    more = lua_toboolean(L, -1);
    lua_pop(L, 1);
  } else {
    runtime_failed();
  }
  shm_idle();
  if (bridge.over_cap) relieve_memory(L);
  check_soft_cap(L);
  return more;
}

int bridge_exit_code(int *code) {
  *code = bridge.exit_code;
  return bridge.exiting;
}

/* The process ends next, which frees everything at once.  What Lua has opened is closed properly only
 * where somebody waits for that: a sub-command's pipes end when their programs do, and a leak checker
 * wants each object freed. */
void bridge_stop(bool properly) {
  lua_State *L = bridge.L;
  bridge.L = NULL;
  if (!L || !(properly || SANITIZED)) return;
  bridge.cap = SIZE_MAX;
  lua_setallocf(L, bridge.alloc, bridge.alloc_ud);
  lua_close(L);
}

/* SPDX-License-Identifier: MIT
 * log.c -- see log.h: whole lines to stderr, in writes of at most PIPE_BUF bytes where the lines of
 * several processes could mix.
 *
 * Owns: its own non-blocking file description of stderr (the inherited one is shared with other
 * processes), and the memory in which workers buffer lines.  Lines that cannot be written (a full
 * pipe, a full disk) wait there; those that do not fit are counted, and reported once there is room. */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/conf.h"
#include "core/logring.h"
#include "core/shm.h"
#include "host_api.h"

enum { LINE_MAX_BYTES = 4000, END_ROOM = 40, GATHER_BYTES = 128 * 1024, WAIT_MS = 20 };
enum { GEN_MAX = 16 };
static const double RETRY_S = 0.25; /* after a write failed, unless the pipe was full */

typedef struct {
  uint32_t from, to; /* the bytes not written yet */
  char p[GATHER_BYTES];
} gathered;

static const char *const names[] = {"error", "warn", "info", "debug"};
static int threshold = LOG_INFO;
static bool json;
static char generation[GEN_MAX];
static gathered *shared; /* one for each worker and one for its predecessor (shm_page) */
static gathered *mine;   /* NULL: lines are written at once */

static struct {
  int fd, error;
  bool opened, socket, polled; /* polled: it may block, so poll() before each write */
  size_t piece;
  double retry_at;
  unsigned long lost, counted; /* lines; `counted` of them are in the metric */
} out;

void log_init(void) {
  const char *level = conf_str("log.level");
  for (int i = 0; i <= LOG_DEBUG; i++)
    if (!strcmp(level, names[i])) threshold = i;
  json = !strcmp(conf_str("log.format"), "json");
}

int log_enabled(int level) {
  return level <= threshold;
}

void log_quiet(void) {
  threshold = LOG_ERROR;
}

bool log_is_json(void) {
  return json;
}

void log_generation(const char *hash) {
  snprintf(generation, sizeof generation, "%s", hash);
}

/* ---- stderr ---- */

/* Reopens a pipe or terminal: O_NONBLOCK applies to the
 * description, which other processes share. */
static void out_open(void) {
  struct stat st;
  out.opened = true;
  out.fd = STDERR_FILENO;
  out.piece = GATHER_BYTES;
  if (fstat(STDERR_FILENO, &st)) return;
  out.socket = S_ISSOCK(st.st_mode);
  bool tty = S_ISCHR(st.st_mode) && isatty(STDERR_FILENO);
  if (out.socket || tty || S_ISFIFO(st.st_mode)) out.piece = PIPE_BUF;
  if (!tty && !S_ISFIFO(st.st_mode)) return;
  int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_APPEND | O_CLOEXEC);
  if (fd < 0) out.polled = true;
  else out.fd = fd;
}

static ssize_t out_write(const char *p, size_t n) {
  if (!out.opened) out_open();
  if (out.socket) return send(out.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
  struct pollfd ask = {.fd = out.fd, .events = POLLOUT};
  if (out.polled && (poll(&ask, 1, 0) < 1 || !(ask.revents & POLLOUT))) {
    errno = EAGAIN;
    return -1;
  }
  return write(out.fd, p, n);
}

/* Whole lines, as many as one write should take; a single line always fits. */
static size_t piece_of(const char *p, size_t n) {
  if (!out.opened) out_open();
  if (n <= out.piece) return n;
  const char *end = memrchr(p, '\n', out.piece);
  return end ? (size_t)(end - p) + 1 : out.piece;
}

/* True when everything is written. */
static bool drain(gathered *g) {
  while (g->from < g->to) {
    ssize_t k = out_write(g->p + g->from, piece_of(g->p + g->from, g->to - g->from));
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) {
      out.error = k < 0 ? errno : EIO;
      if (out.error != EAGAIN) out.retry_at = shm_clock() + RETRY_S;
      return false;
    }
    g->from += (uint32_t)k;
  }
  g->from = g->to = 0;
  out.retry_at = 0;
  return true;
}

/* ---- gathering ---- */

int log_share(int workers) {
  size_t n = 2 * (size_t)workers * sizeof *shared;
  void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return -1;
  shared = p;
  return logring_share();
}

void log_attach(int worker) {
  memset(&out, 0, sizeof out); /* the supervisor's descriptor was closed after the fork */
  mine = shared && worker >= 0 ? &shared[shm_page(worker, false)] : NULL;
}

void log_rescue(int worker, bool leaving) {
  if (shared) drain(&shared[shm_page(worker, leaving)]);
}

static void count_lost(void) {
  if (out.lost <= out.counted) return;
  shm_count("human_log_lines_lost_total", (double)(out.lost - out.counted));
  out.counted = out.lost;
}

static void tell_lost(void) {
  unsigned long lost = out.lost;
  count_lost();
  out.lost = out.counted = 0;
  log_fmt(LOG_WARN, "log: %lu lines were lost: %s", lost,
          out.error == EAGAIN ? "stderr was not being read" : strerror(out.error));
}

int log_flush(void) {
  if (!mine || mine->from == mine->to) return 0;
  if (out.retry_at > 0 && shm_clock() < out.retry_at) return 1;
  if (!drain(mine)) return count_lost(), 1;
  if (out.lost) tell_lost();
  return mine->from < mine->to;
}

static void gather(const char *p, size_t n) {
  gathered *g = mine;
  if (g->to + n > GATHER_BYTES) log_flush();
  if (g->to + n > GATHER_BYTES && g->from) {
    memmove(g->p, g->p + g->from, g->to - g->from);
    g->to -= g->from;
    g->from = 0;
  }
  if (g->to + n > GATHER_BYTES) {
    out.lost++;
    return;
  }
  memcpy(g->p + g->to, p, n);
  __atomic_store_n(&g->to, g->to + (uint32_t)n, __ATOMIC_RELEASE);
}

/* There is no loop to retry from, so wait a moment for the reader of a full pipe. */
static void write_now(const char *p, size_t n) {
  ssize_t k = out_write(p, n);
  if (k < 0 && errno == EAGAIN) {
    struct pollfd ask = {.fd = out.fd, .events = POLLOUT};
    poll(&ask, 1, WAIT_MS);
    k = out_write(p, n);
  }
  if (k == (ssize_t)n) {
    if (out.lost) tell_lost();
    return;
  }
  out.error = k < 0 ? errno : ENOSPC;
  out.lost++;
  count_lost();
}

/* ---- lines ---- */

typedef struct {
  size_t n;
  char p[LINE_MAX_BYTES];
} line;

static void put(line *l, const char *p, size_t n) {
  size_t room = sizeof l->p - END_ROOM - l->n; /* room for the end of a line */
  if (n > room) n = room;
  memcpy(l->p + l->n, p, n);
  l->n += n;
}

static void put_z(line *l, const char *z) {
  put(l, z, strlen(z));
}

static void put_end(line *l, const char *z) {
  size_t n = strlen(z);
  memcpy(l->p + l->n, z, n);
  l->n += n;
}

/* Formats the time once a second. */
static void put_time(line *l) {
  static time_t second;
  static char text[40];
  static size_t n;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  if (t.tv_sec != second || !n) {
    struct tm tm;
    if (json) gmtime_r(&t.tv_sec, &tm);
    else localtime_r(&t.tv_sec, &tm);
    n = strftime(text, sizeof text, json ? "%Y-%m-%dT%H:%M:%S." : "%H:%M:%S.", &tm);
    second = t.tv_sec;
  }
  int ms = (int)(t.tv_nsec / 1000000);
  char digits[3] = {(char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10)};
  put(l, text, n);
  put(l, digits, sizeof digits);
}

static bool is_plain(unsigned char c, bool escape) {
  return c >= 0x20 && c != 0x7f && !(escape && (c == '"' || c == '\\'));
}

/* Drops control characters, which end lines and drive terminals; escapes for JSON if `escape`. */
static void put_clean(line *l, const char *p, size_t n, bool escape) {
  size_t done = 0;
  for (size_t i = 0; i < n; i++) {
    if (is_plain((unsigned char)p[i], escape)) continue;
    put(l, p + done, i - done);
    done = i + 1;
    if (p[i] != '"' && p[i] != '\\') {
      put(l, " ", 1);
      continue;
    }
    if (l->n + 2 > sizeof l->p - END_ROOM) return;
    put(l, "\\", 1);
    put(l, p + i, 1);
  }
  put(l, p + done, n - done);
}

static void emit(line *l) {
  l->p[l->n++] = '\n';
  logring_add(l->p, l->n);
  if (mine) gather(l->p, l->n);
  else write_now(l->p, l->n);
}

/* Lua's lines are JSON objects: C adds its own members in front of the first one. */
static void emit_json(int level, const char *gen, const char *p, size_t n) {
  line l;
  char pid[16];
  bool object = n > 1 && p[0] == '{' && p[n - 1] == '}' && n < sizeof l.p - 192;
  l.n = 0;
  put(&l, "{\"time\":\"", 9);
  put_time(&l);
  put_z(&l, "Z\",\"level\":\"");
  put_z(&l, names[level]);
  put_z(&l, "\",\"pid\":");
  put(&l, pid, (size_t)snprintf(pid, sizeof pid, "%d", (int)getpid()));
  if (*gen) put_z(&l, ",\"gen\":\""), put_z(&l, gen), put_z(&l, "\"");
  if (object) {
    if (n > 2) put(&l, ",", 1);
    put_clean(&l, p + 1, n - 1, false);
  } else {
    put_z(&l, ",\"msg\":\"");
    put_clean(&l, p, n, true);
    put_end(&l, "\"}");
  }
  emit(&l);
}

static void emit_text(int level, const char *gen, const char *p, size_t n) {
  line l;
  char head[16];
  l.n = 0;
  put_time(&l);
  put(&l, head, (size_t)snprintf(head, sizeof head, " %-5s ", names[level]));
  put_clean(&l, p, n, false);
  if (*gen) put_end(&l, " gen="), put_end(&l, gen);
  emit(&l);
}

static void log_as(int level, const char *gen, const char *p, size_t n) {
  if (level < LOG_ERROR) level = LOG_ERROR;
  if (level > LOG_DEBUG) level = LOG_DEBUG;
  if (level > threshold) return;
  if (json) emit_json(level, gen, p, n);
  else emit_text(level, gen, p, n);
}

void log_line(int level, const char *p, unsigned long n) {
  log_as(level, generation, p, n);
}

void log_fmt(int level, const char *fmt, ...) {
  if (level > threshold) return;
  char text[LINE_MAX_BYTES];
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (n < 0) return;
  log_line(level, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* gen: the generation of the task that logs; empty: the one in service. */
int host_log(int level, host_str *gen, host_str *text) {
  char own[GEN_MAX];
  size_t n = gen->n < sizeof own ? gen->n : sizeof own - 1;
  memcpy(own, gen->p, n);
  own[n] = 0;
  log_as(level, n ? own : generation, text->p, text->n);
  return 0;
}

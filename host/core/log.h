/* SPDX-License-Identifier: MIT
 * log.h -- one line per call on stderr, JSON or text by the setting log.format; never blocks, never logs
 * a secret (callers redact; log_line drops control characters).
 *
 * The supervisor and commands write at once.  A worker buffers the lines of one loop turn in memory
 * shared with the supervisor, and writes them together: a line costs no system call, and a worker
 * that is killed loses none. */
#ifndef HUMAN_LOG_H
#define HUMAN_LOG_H
#include <stdbool.h>

enum { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
void log_init(void); /* reads log.level and log.format from conf */
int log_enabled(int level);
bool log_is_json(void);
void log_quiet(void); /* errors only: for commands whose answer is what they print */
void log_fmt(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_line(int level, const char *p, unsigned long n); /* n bytes, already JSON from Lua or text */
void log_generation(const char *hash); /* of the scripts in service: becomes `gen` of every line */

int log_share(int workers);   /* the supervisor, before its first fork: 0, or -1 with errno */
void log_attach(int worker);  /* this process is that worker; < 0, or without log_share(): write at once */
int log_flush(void);          /* write the buffered lines; 1: some must wait */
/* That worker (leaving: its predecessor) is dead: write the lines it had buffered; what cannot be
 * written waits for its successor. */
void log_rescue(int worker, bool leaving);
#endif

/* SPDX-License-Identifier: MIT
 * log.h -- one line a call on stderr, JSON or text by the setting log.format; never blocks for long,
 * never logs a secret (callers redact; log_line drops control characters). */
#ifndef HUMAN_LOG_H
#define HUMAN_LOG_H
enum { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
void log_init(void); /* reads log.level and log.format from conf */
int log_enabled(int level);
void log_fmt(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_line(int level, const char *p, unsigned long n); /* n bytes, already JSON from Lua or text */
#endif

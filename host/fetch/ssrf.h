/* SPDX-License-Identifier: MIT
 * ssrf.h -- the addresses that a guarded request may reach: those of the public Internet, and those that the
 * operator opens to it (setting egress.allow). */
#ifndef HUMAN_SSRF_H
#define HUMAN_SSRF_H
#include <stdbool.h>
#include <sys/socket.h>

void ssrf_init(void);                        /* reads the setting egress.allow; once per worker */
bool ssrf_opens(const struct sockaddr *sa);  /* it is in one of those networks */
bool ssrf_opens_any(void);
bool ssrf_allows(const struct sockaddr *sa); /* IPv4 and IPv6; any other family: false */
bool ssrf_allows_text(const char *ip);       /* the same for a literal; false for anything else */
#endif

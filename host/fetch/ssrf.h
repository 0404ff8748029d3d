/* SPDX-License-Identifier: MIT
 * ssrf.h -- which addresses a guarded request may reach: those of the public Internet only. */
#ifndef HUMAN_SSRF_H
#define HUMAN_SSRF_H
#include <stdbool.h>
#include <sys/socket.h>

bool ssrf_allows(const struct sockaddr *sa); /* IPv4 and IPv6; any other family: false */
bool ssrf_allows_text(const char *ip);       /* the same for a literal; false when it is none */
#endif

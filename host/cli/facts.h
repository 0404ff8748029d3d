/* SPDX-License-Identifier: MIT
 * facts.h -- the questions of `human doctor` about the machine: one text in, one text out. */
#ifndef HUMAN_FACTS_H
#define HUMAN_FACTS_H
#include <stddef.h>

/* kind: the question; arg: a path, an address, or "".  0 with the answer in `out`, or -1 with the
 * reason.  Kinds:
 *   versions           a line "name version" for each library
 *   user               "name uid" of our user
 *   stat PATH          "dir|file|socket|other MODE UID OWNER", mode in octal
 *   list PATH          names in a directory, one per line
 *   writable PATH      can we write there
 *   disk PATH          "free total" bytes of its file system
 *   files [PID]        "soft hard" limit of open files: our own, or that of a process
 *   port ADDRESS PORT  can we listen there; if not, the reason names the process if it is visible
 *   certificate PATH   "expires" in seconds of Unix time, a space, the subject
 *   postgres           directory of PostgreSQL's programs, for the private cluster
 *   source SETTING     where its value came from
 *   tty DESCRIPTOR     is it a terminal
 *   scripts            reads the search path; the generation of the bundle */
int facts_ask(const char *kind, const char *arg, char *out, size_t n);
#endif

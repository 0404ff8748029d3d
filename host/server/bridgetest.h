/* SPDX-License-Identifier: MIT
 * bridgetest.h -- what the words of `human test` mean, before there is a runtime to run specs in. */
#ifndef HUMAN_BRIDGETEST_H
#define HUMAN_BRIDGETEST_H
#include <stddef.h>

/* The first file or folder of specs that they name goes to `path`, which may stay empty.  -1: go on; else the
 * exit status: all was said (--help, --version, a mistake). */
int bridgetest_read(int argc, char **argv, char *path, size_t n);
#endif

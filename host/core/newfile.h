/* SPDX-License-Identifier: MIT
 * newfile.h -- creates a file that does not exist yet, inside a directory and nowhere else.  When root
 * creates it, it belongs to the owner of that directory. */
#ifndef HUMAN_NEWFILE_H
#define HUMAN_NEWFILE_H
#include <stddef.h>
#include <sys/types.h>

/* `path` is relative to `dir`; missing directories are made, existing
 * files never changed.  The file is readable by all and writable by
 * its owner only, whatever the umask.  0, or -1 and "path: reason". */
int newfile_write(const char *dir, const char *path, const char *text, size_t n, char *why,
                  size_t why_n);

/* As root: a file or directory that root just made at `path` goes to the owner of the directory above, who
 * could not use it otherwise.  Does nothing for other users. */
void newfile_give(int fd, const char *path);

/* mkdir -p; existing directories stay as they are.  Modifies `path` meanwhile and restores it.  0;
 * or -1 with errno, and `path` cut after the directory that cannot be made. */
int newfile_directories(char *path, mode_t mode);
#endif

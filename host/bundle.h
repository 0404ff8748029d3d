/* SPDX-License-Identifier: MIT
 * bundle.h -- the script tree, read once into memory and sealed: what every worker of a generation
 * sees, whatever happens to the files meanwhile. */
#ifndef HUMAN_BUNDLE_H
#define HUMAN_BUNDLE_H

/* Read the directories of the setting `scripts`, first one wins a path.  Returns the generation
 * (1 for the first), or -1 and a message on stderr.  Older generations stay readable until
 * bundle_drop(). */
int bundle_load(void);
void bundle_drop(int generation);
#endif

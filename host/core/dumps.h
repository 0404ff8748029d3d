/* SPDX-License-Identifier: MIT
 * dumps.h -- what a core dump of this process may hold. */
#ifndef HUMAN_DUMPS_H
#define HUMAN_DUMPS_H

/* Nothing of its memory, in which there are secrets; for this process and all that it starts. */
void dumps_forbid(void);
#endif

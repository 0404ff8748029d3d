/* SPDX-License-Identifier: MIT
 * notify.h -- sd_notify(3) without the library. */
#ifndef HUMAN_NOTIFY_H
#define HUMAN_NOTIFY_H
void notify_systemd(const char *state); /* does nothing when systemd did not ask */
#endif

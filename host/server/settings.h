/* SPDX-License-Identifier: MIT
 * settings.h -- the values given for settings that scripts define (host_setting in Lua). */
#ifndef HUMAN_SETTINGS_H
#define HUMAN_SETTINGS_H
#include "core/op.h"

/* From now on, secrets are looked up in this generation's settings. */
void settings_serve(int generation);

/* Sends a change of the settings file to the supervisor: an op, or an error. */
host_id settings_ask(int control, host_id owner, const host_str *request);
void settings_changed(host_id id, int ok, const char *text); /* its answer */
#endif

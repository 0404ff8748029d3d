/* SPDX-License-Identifier: MIT
 * settings.h -- settings that scripts define: what was given for them (host_setting of Lua). */
#ifndef HUMAN_SETTINGS_H
#define HUMAN_SETTINGS_H
#include "core/op.h"

/* Secrets among them are looked up in what this generation was given, from now on. */
void settings_serve(int generation);

/* Sends a change of the settings file to the supervisor: an op, or an error. */
host_id settings_ask(int control, host_id owner, const host_str *request);
void settings_changed(host_id id, int ok, const char *text); /* its answer */
#endif

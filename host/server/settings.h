/* SPDX-License-Identifier: MIT
 * settings.h -- settings that scripts define: what was given for them (host_setting of Lua). */
#ifndef HUMAN_SETTINGS_H
#define HUMAN_SETTINGS_H

/* Secrets among them are looked up in what this generation was given, from now on. */
void settings_serve(int generation);
#endif

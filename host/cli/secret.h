/* SPDX-License-Identifier: MIT
 * secret.h -- `human secret`: secrets stored sealed in the home. */
#ifndef HUMAN_SECRET_H
#define HUMAN_SECRET_H

void secret_use_home_of_server(void); /* its secrets are those that a command changes */
int secret_command(int argc, char **argv); /* the arguments of `human secret`; the exit status */
#endif

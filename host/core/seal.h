/* SPDX-License-Identifier: MIT
 * seal.h -- texts that only holders of the host's key can read or change (host_seal, host_unseal in Lua).
 *
 * "sealed:1:KEY ID:BASE64", of XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a
 * key that is derived for each text, so that one key can seal any number of texts.  Purpose and context
 * are authenticated: a text opens only with those that it was sealed with. */
#ifndef HUMAN_SEAL_H
#define HUMAN_SEAL_H
#include <stdint.h>

#include "core/buf.h"
#include "core/op.h"

enum { SEAL_TEXT_MAX = 16 << 20 };

/* What a text is for: a text sealed as one kind never opens as another. */
typedef enum { SEAL_SCRIPT = 1, SEAL_SECRET } seal_kind;

/* Appends the sealed text.  0, HOST_ELIMIT, HOST_EFULL, or HOST_EDOWN: no key (see seal_why). */
int seal_close(seal_kind kind, const host_str *text, const host_str *context, buf *out);

/* Appends the opened text.  0, HOST_EINVAL: not a sealed text; HOST_EGONE: sealed with a key we do
 * not have; HOST_EDENIED: altered, or sealed for another context; HOST_EFULL. */
int seal_open(seal_kind kind, const host_str *sealed, const host_str *context, buf *out);

const char *seal_why(void); /* why there was no key, "file: reason" */
#endif

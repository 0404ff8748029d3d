/* SPDX-License-Identifier: MIT
 * fetchcredential.h -- a credential that scripts hold sealed (host_seal): it is opened here, for one request,
 * and Lua never sees it.  A guarded request may have one, unlike ${secret:..}: strangers choose its address,
 * but whose text is opened, and for what context, the script says. */
#ifndef HUMAN_FETCHCREDENTIAL_H
#define HUMAN_FETCHCREDENTIAL_H
#include "core/pack.h"
#include "fetch/fetchspec.h"

/* {sealed text, context, "header", "bearer", "basic" or "query", name of the header or parameter}.  Called
 * once all else of the request has been read.  HOST_ESEALED: it does not open, or has a control character. */
int fetchcredential_add(fetchspec *s, pack_reader *r, const pack_value *list);
#endif

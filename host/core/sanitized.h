/* SPDX-License-Identifier: MIT
 * sanitized.h -- SANITIZED: 1 in a build with AddressSanitizer; gcc and clang signal it differently. */
#ifndef SANITIZED_H
#define SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif

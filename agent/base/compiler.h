/* SPDX-License-Identifier: Apache-2.0
 * base/compiler.h - what the compiler is told about the hot path.
 */
#ifndef PLIMSOLL_BASE_COMPILER_H
#define PLIMSOLL_BASE_COMPILER_H

/* A few instructions, for which a call with its saved registers would cost more than they do. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* An enumeration that takes no more bytes than its values need. */
#define SMALL __attribute__((packed))

/* The rare way out of a short function: its registers and buffers are no matter of the usual way. */
#define NOINLINE __attribute__((noinline))

#endif

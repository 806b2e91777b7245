/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_SWAB_H
#define _LINUX_SWAB_H

#include <asm/byteorder.h>

#define swab16(x)	__swab16(x)
#define swab32(x)	__swab32(x)
#define swab64(x)	__swab64(x)
#define swab(x)		__swab64(x)	/* of a long */

#endif /* _LINUX_SWAB_H */

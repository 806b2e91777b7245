/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CONST_H
#define _LINUX_CONST_H

#define UL(x)		x##UL
#define ULL(x)		x##ULL
#define _AC(x, suffix)	x##suffix
#define _UL(x)		(x##UL)
#define _ULL(x)		(x##ULL)
#define _BITUL(x)	(_UL(1) << (x))
#define _BITULL(x)	(_ULL(1) << (x))

#endif /* _LINUX_CONST_H */

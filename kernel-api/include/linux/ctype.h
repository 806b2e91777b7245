/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_CTYPE_H
#define _LINUX_CTYPE_H

/* Characters are Latin-1, as in the kernel. */
#include <linux/compiler.h>
#include <linux/types.h>

/* Classes of characters, as bits; lib/ctype.c of the hosted library has the table. */
#define _U	0x01
#define _L	0x02
#define _D	0x04
#define _C	0x08
#define _P	0x10
#define _S	0x20
#define _X	0x40
#define _SP	0x80
extern const unsigned char _ctype[];
#define __ismask(x)	(_ctype[(unsigned char)(x)])

static inline int isdigit(int c) { return c >= '0' && c <= '9'; }
static inline int isodigit(int c) { return c >= '0' && c <= '7'; }
static inline int isascii(int c) { return (u8)c <= 0x7f; }
#define toascii(c)	((u8)(c) & 0x7f)
static inline int isspace(int c) { return (u8)c == ' ' || ((u8)c >= '\t' && (u8)c <= '\r') || (u8)c == 0xa0; }
static inline int isupper(int c)
{
	return ((u8)c >= 'A' && (u8)c <= 'Z') || ((u8)c >= 0xc0 && (u8)c <= 0xde && (u8)c != 0xd7);
}
static inline int islower(int c)
{
	return ((u8)c >= 'a' && (u8)c <= 'z') || ((u8)c >= 0xdf && (u8)c != 0xf7);
}
static inline int isalpha(int c) { return isupper(c) || islower(c); }
static inline int isalnum(int c) { return isalpha(c) || isdigit((u8)c); }
static inline int isxdigit(int c)
{
	return isdigit((u8)c) || ((u8)c >= 'a' && (u8)c <= 'f') || ((u8)c >= 'A' && (u8)c <= 'F');
}
static inline int isprint(int c) { return ((u8)c >= ' ' && (u8)c <= '~') || (u8)c >= 0xa0; }
static inline int isgraph(int c) { return isprint(c) && (u8)c != ' ' && (u8)c != 0xa0; }
static inline int ispunct(int c) { return isgraph(c) && !isalnum(c); }
static inline int iscntrl(int c) { return (u8)c < ' ' || (u8)c == 0x7f; }
static inline unsigned char __tolower(unsigned char c) { return (unsigned char)(isupper(c) ? c + 32 : c); }
static inline unsigned char __toupper(unsigned char c) { return (unsigned char)(islower(c) ? c - 32 : c); }
#define tolower(c)	__tolower(c)
#define toupper(c)	__toupper(c)
#define _tolower(c)	((char)((c) | 0x20))	/* of a letter */

#endif /* _LINUX_CTYPE_H */

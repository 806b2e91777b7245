/* SPDX-License-Identifier: MIT */
/*
 * tsan.c - what gcc's --param=tsan-distinguish-volatile=1 calls and its own libtsan
 * (12) does not have: a marked access, READ_ONCE() or WRITE_ONCE(), told apart from a
 * plain one.
 *
 * A marked read is shown to TSan as a relaxed atomic load, a marked write as an
 * addition of 0: two marked accesses do not race, a marked and a plain one do. The
 * value is read or written by the compiler's own instruction, after the call. 16 bytes
 * have no lock-free addition: those go unseen.
 */
#ifdef __SANITIZE_THREAD__

#pragma GCC visibility push(default)

#define MARKED(bytes, type)								\
void __tsan_volatile_read##bytes(void *addr);						\
void __tsan_volatile_read##bytes(void *addr)						\
{											\
	__atomic_load_n((type *)addr, __ATOMIC_RELAXED);				\
}											\
void __tsan_volatile_write##bytes(void *addr);						\
void __tsan_volatile_write##bytes(void *addr)						\
{											\
	__atomic_fetch_add((type *)addr, 0, __ATOMIC_RELAXED);				\
}

MARKED(1, unsigned char)
MARKED(2, unsigned short)
MARKED(4, unsigned int)
MARKED(8, unsigned long)

void __tsan_volatile_read16(void *addr);
void __tsan_volatile_read16(void *addr)
{
	(void)addr;
}

void __tsan_volatile_write16(void *addr);
void __tsan_volatile_write16(void *addr)
{
	(void)addr;
}

#pragma GCC visibility pop

#endif /* __SANITIZE_THREAD__ */

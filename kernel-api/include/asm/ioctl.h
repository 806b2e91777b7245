/* SPDX-License-Identifier: MIT */
#ifndef _ASM_IOCTL_H
#define _ASM_IOCTL_H

/* A request's number: direction (2 bits), size of the argument (14), type (8), number (8). */
#define _IOC_NRSHIFT	0
#define _IOC_TYPESHIFT	8
#define _IOC_SIZESHIFT	16
#define _IOC_DIRSHIFT	30
#define _IOC_SIZEMASK	0x3fff
#define _IOC_NONE	0u
#define _IOC_WRITE	1u	/* the caller gives */
#define _IOC_READ	2u
#define _IOC(dir, type, nr, size) \
	(((dir) << _IOC_DIRSHIFT) | ((size) << _IOC_SIZESHIFT) | ((type) << _IOC_TYPESHIFT) | ((nr) << _IOC_NRSHIFT))
#define _IO(type, nr)			_IOC(_IOC_NONE, (type), (nr), 0)
#define _IOR(type, nr, argument)	_IOC(_IOC_READ, (type), (nr), sizeof(argument))
#define _IOW(type, nr, argument)	_IOC(_IOC_WRITE, (type), (nr), sizeof(argument))
#define _IOWR(type, nr, argument)	_IOC(_IOC_READ | _IOC_WRITE, (type), (nr), sizeof(argument))
#define _IOC_DIR(request)	((request) >> _IOC_DIRSHIFT & 3)
#define _IOC_SIZE(request)	((request) >> _IOC_SIZESHIFT & _IOC_SIZEMASK)
#define _IOC_TYPE(request)	((request) >> _IOC_TYPESHIFT & 0xff)
#define _IOC_NR(request)	((request) >> _IOC_NRSHIFT & 0xff)

#endif /* _ASM_IOCTL_H */

/* SPDX-License-Identifier: MIT */
/* uaccess.c - memory that may not be there: uaccess.h, pagemap.h; its pages: mm.h. */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "host/host.h"

long copy_from_kernel_nofault(void *dst, const void *src, size_t size)
{
	return host_peek(dst, src, size) ? -EFAULT : 0;
}

long copy_from_user_nofault(void *dst, const void __user *src, size_t size)
{
	return access_ok(src, size) && !host_peek(dst, src, size) ? 0 : -EFAULT;
}

/* Bytes that are left at the first page of which @touch says no. */
static size_t fault_in(const char __user *uaddr, size_t size, int (*touch)(const void *addr))
{
	size_t done = 0;

	if (!access_ok(uaddr, size))
		return size;
	while (done < size && !touch((const char *)uaddr + done))
		done += PAGE_SIZE - offset_in_page(uaddr + done);
	return done < size ? size - done : 0;
}

static int touch_to_read(const void *addr)
{
	char byte;

	return host_peek(&byte, addr, 1);
}

size_t fault_in_readable(const char __user *uaddr, size_t size)
{
	return fault_in(uaddr, size, touch_to_read);
}

size_t fault_in_safe_writeable(const char __user *uaddr, size_t size)
{
	return fault_in(uaddr, size, host_touch);
}

size_t fault_in_writeable(char __user *uaddr, size_t size)
{
	return fault_in(uaddr, size, host_touch);
}

/* They all are of one array, and stay where they are: to refer to them is all there is to do. */
int get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, struct page **pages)
{
	int nr = 0;

	for (start &= PAGE_MASK; nr < nr_pages && host_region_has((void *)start); start += PAGE_SIZE) {
		pages[nr] = virt_to_page((void *)start);
		get_page(pages[nr++]);
	}
	return nr ? nr : -EFAULT;
}

/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_IOPORT_H
#define _LINUX_IOPORT_H

/*
 * Ranges of addresses. kernel/resource.c, which hands them out, is hosted only for its
 * own tests.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/types.h>

struct resource {
	resource_size_t	start, end;	/* both inside */
	const char	*name;
	unsigned long	flags, desc;
	struct resource	*parent, *sibling, *child;
};
#define IORESOURCE_BITS		0x000000ff
#define IORESOURCE_TYPE_BITS	0x00001f00
#define IORESOURCE_IO		0x00000100
#define IORESOURCE_MEM		0x00000200
#define IORESOURCE_REG		0x00000300
#define IORESOURCE_IRQ		0x00000400
#define IORESOURCE_DMA		0x00000800
#define IORESOURCE_BUS		0x00001000
#define IORESOURCE_PREFETCH	0x00002000
#define IORESOURCE_READONLY	0x00004000
#define IORESOURCE_SIZEALIGN	0x00040000
#define IORESOURCE_STARTALIGN	0x00080000
#define IORESOURCE_MEM_64	0x00100000
#define IORESOURCE_WINDOW	0x00200000
#define IORESOURCE_MUXED	0x00400000
#define IORESOURCE_SYSTEM_RAM	(IORESOURCE_MEM | 0x01000000)
#define IORESOURCE_EXCLUSIVE	0x08000000
#define IORESOURCE_DISABLED	0x10000000
#define IORESOURCE_UNSET	0x20000000
#define IORESOURCE_AUTO		0x40000000
#define IORESOURCE_BUSY		0x80000000
static inline resource_size_t resource_size(const struct resource *res) { return res->end - res->start + 1; }
static inline unsigned long resource_type(const struct resource *res) { return res->flags & IORESOURCE_TYPE_BITS; }
static inline bool resource_contains(struct resource *outer, struct resource *inner)
{
	return resource_type(outer) == resource_type(inner) && !((outer->flags | inner->flags) & IORESOURCE_UNSET) &&
	       outer->start <= inner->start && outer->end >= inner->end;
}
static inline bool resource_overlaps(struct resource *a, struct resource *b)
{
	return a->start <= b->end && a->end >= b->start;
}
/* True, with *@r, when they overlap. */
static inline bool resource_intersection(const struct resource *a, const struct resource *b, struct resource *r)
{
	if (!resource_overlaps((struct resource *)a, (struct resource *)b))
		return false;
	r->start = max(a->start, b->start);
	r->end = min(a->end, b->end);
	return true;
}
static inline bool resource_union(const struct resource *a, const struct resource *b, struct resource *r)
{
	if (!resource_overlaps((struct resource *)a, (struct resource *)b))
		return false;
	r->start = min(a->start, b->start);
	r->end = max(a->end, b->end);
	return true;
}
#define DEFINE_RES_NAMED(from, size, text, kind) \
	(struct resource){ .start = (from), .end = (from) + (size) - 1, .name = (text), .flags = (kind) }
#define DEFINE_RES_MEM(from, size)	DEFINE_RES_NAMED((from), (size), NULL, IORESOURCE_MEM)

#endif /* _LINUX_IOPORT_H */

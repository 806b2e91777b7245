/* SPDX-License-Identifier: MIT */
/*
 * vdisk_backing.c - where a disk's bytes are: a file or block device, memory, or
 * nowhere; what of it is allocated.
 *
 * Memory is one zero-filled range; a bit per page says whether it was written since it
 * was last given back. A bit is set before its page is written. A file may have such
 * bits too, but they are a hint: see vdisk_view.c.
 */
#include <linux/bitops.h>
#include <ring3/kernel.h>

#include "vdisk.h"

int vdisk_say(char *why, size_t bytes, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscnprintf(why, bytes, format, args);
	va_end(args);
	return rc;
}

bool vdisk_alloc_mapped(struct vdisk *vdisk)
{
	vdisk->mapped_bytes = vdisk->size;
	vdisk->mapped = vzalloc(BITS_TO_LONGS(DIV_ROUND_UP(vdisk->size, PAGE_SIZE)) * sizeof(long));
	return vdisk->mapped;
}

static int open_memory(struct vdisk *vdisk, char *why, size_t bytes)
{
	if (!vdisk->size)
		return vdisk_say(why, bytes, -EINVAL, "size is missing, or 0");
	vdisk->memory = vzalloc(vdisk->is_null ? VDISK_MAX_TRANSFER : vdisk->size);
	if (vdisk->memory && (vdisk->is_null || vdisk_alloc_mapped(vdisk)))
		return 0;
	return vdisk_say(why, bytes, -ENOMEM, "no memory for %llu bytes", vdisk->size);
}

static int open_file(struct vdisk *vdisk, char *why, size_t bytes)
{
	if (!vdisk->filename[0])
		return vdisk_say(why, bytes, -EINVAL, "filename is missing");
	vdisk->file = filp_open(vdisk->filename, vdisk->dev.rd_only ? O_RDONLY : O_RDWR, 0);
	if (IS_ERR(vdisk->file)) {
		int rc = (int)PTR_ERR(vdisk->file);

		vdisk->file = NULL;
		return vdisk_say(why, bytes, rc, "%s cannot be opened%s (errno %d)", vdisk->filename,
				 vdisk->dev.rd_only ? "" : " for writing", -rc);
	}
	if (!vdisk->size)
		vdisk->size = (u64)i_size_read(file_inode(vdisk->file));
	vdisk_open_view(vdisk);
	return 0;
}

int vdisk_open_backing(struct vdisk *vdisk, const char *handler, char *why, size_t bytes)
{
	vdisk->is_null = !strcmp(handler, "vdisk_nullio");
	if (vdisk->is_null || !strcmp(handler, "vdisk_ram"))
		return open_memory(vdisk, why, bytes);
	return open_file(vdisk, why, bytes);
}

int vdisk_close_backing(struct vdisk *vdisk, char *why, size_t bytes)
{
	int rc;

	vdisk_close_view(vdisk);
	rc = vdisk->file ? filp_close(vdisk->file, NULL) : 0;
	vfree(vdisk->memory);
	vfree(vdisk->mapped);
	if (!rc)
		return 0;
	return vdisk_say(why, bytes, rc, "%s: the last sync failed (errno %d); what was written since the one before "
			 "it may be lost", vdisk->filename, -rc);
}

/* A page of a file or of memory; a null disk has none. */
u32 vdisk_physical_block(const struct vdisk *vdisk)
{
	return vdisk->file ? max_t(u32, 4096, vdisk->dev.block_size) : vdisk->dev.block_size;
}

void vdisk_mark_mapped(struct vdisk *vdisk, u64 offset, u64 bytes)
{
	u64 end = DIV_ROUND_UP(min(offset + bytes, vdisk->mapped_bytes), PAGE_SIZE);

	if (!vdisk->mapped || !bytes)
		return;
	for (u64 page = offset >> PAGE_SHIFT; page < end; page++)
		if (!test_bit((long)page, vdisk->mapped))
			set_bit((long)page, vdisk->mapped);
}

static int memory_transfer(struct vdisk *vdisk, bool write, void *buf, u64 offset, size_t bytes)
{
	if (!write) {
		memcpy(buf, vdisk->memory + (vdisk->is_null ? 0 : offset), bytes);
	} else if (!vdisk->is_null) {
		vdisk_mark_mapped(vdisk, offset, bytes);
		memcpy(vdisk->memory + offset, buf, bytes);
	}
	return 0;
}

int vdisk_transfer(struct vdisk *vdisk, bool write, void *buf, u64 offset, size_t bytes)
{
	loff_t pos = (loff_t)offset;
	ssize_t done;

	if (vdisk->memory)
		return memory_transfer(vdisk, write, buf, offset, bytes);
	done = write ? kernel_write(vdisk->file, buf, bytes, &pos) : kernel_read(vdisk->file, buf, bytes, &pos);
	if (done < 0)
		return (int)done;
	if (write)
		vdisk_mark_mapped(vdisk, offset, (u64)done);
	return done == (ssize_t)bytes ? 0 : -EIO;
}

/* Whole pages go back to the system; the rest becomes zeros where it is. */
static void memory_deallocate(struct vdisk *vdisk, u64 offset, u64 bytes)
{
	u64 first = round_up(offset, PAGE_SIZE), end = round_down(offset + bytes, PAGE_SIZE);

	if (first >= end) {
		memset(vdisk->memory + offset, 0, bytes);
		return;
	}
	memset(vdisk->memory + offset, 0, first - offset);
	memset(vdisk->memory + end, 0, offset + bytes - end);
	ring3_vmalloc_release(vdisk->memory + first, end - first);
	vdisk_clear_mapped(vdisk, offset, bytes);
}

int vdisk_deallocate(struct vdisk *vdisk, u64 offset, u64 bytes)
{
	if (vdisk->file) {
		/* Before: who finds a bit set does not look at a hole, unless the page goes meanwhile. */
		vdisk_clear_mapped(vdisk, offset, bytes);
		return vfs_fallocate(vdisk->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (loff_t)offset,
				     (loff_t)bytes);
	}
	if (!vdisk->is_null)
		memory_deallocate(vdisk, offset, bytes);
	return 0;
}

/* ---- what is mapped ---------------------------------------------------------------------- */

void vdisk_clear_mapped(struct vdisk *vdisk, u64 offset, u64 bytes)
{
	u64 page = round_up(offset, PAGE_SIZE) >> PAGE_SHIFT;
	u64 end = min(offset + bytes, vdisk->mapped_bytes) >> PAGE_SHIFT;

	if (!vdisk->mapped)
		return;
	while (page < end) {
		/* Most of a large disk has none: a word at a time. */
		if (!(page % BITS_PER_LONG) && !READ_ONCE(vdisk->mapped[page / BITS_PER_LONG])) {
			page += BITS_PER_LONG;
			continue;
		}
		if (test_bit((long)page, vdisk->mapped))
			clear_bit((long)page, vdisk->mapped);
		page++;
	}
}

/* The first page from @page on whose bit is not @value, at most @pages. */
static u64 find_change(const unsigned long *bits, u64 page, u64 pages, bool value)
{
	while (page < pages && test_bit((long)page, bits) == value) {
		/* A word at a time where all of it is the same. */
		if (!(page % BITS_PER_LONG) && READ_ONCE(bits[page / BITS_PER_LONG]) == (value ? ~0ul : 0))
			page += BITS_PER_LONG;
		else
			page++;
	}
	return min(page, pages);
}

bool vdisk_is_mapped(struct vdisk *vdisk, u64 offset, u64 bytes)
{
	u64 end = DIV_ROUND_UP(offset + bytes, PAGE_SIZE);

	return find_change(vdisk->mapped, offset >> PAGE_SHIFT, end, true) == end;
}

static u64 memory_extent(struct vdisk *vdisk, u64 offset, u64 end, bool *mapped)
{
	u64 page = offset >> PAGE_SHIFT, next;

	if (vdisk->is_null) {
		*mapped = false;
		return end - offset;
	}
	*mapped = test_bit((long)page, vdisk->mapped);
	next = find_change(vdisk->mapped, page, DIV_ROUND_UP(end, PAGE_SIZE), *mapped);
	return min_t(u64, end, next << PAGE_SHIFT) - offset;
}

/* A file's holes are not mapped. A block that is a hole only in part is mapped. */
static u64 file_extent(struct vdisk *vdisk, u64 offset, u64 end, bool *mapped)
{
	u32 block = vdisk->dev.block_size;
	loff_t at = vfs_llseek(vdisk->file, (loff_t)offset, SEEK_DATA);

	if (at == -ENXIO)
		at = (loff_t)end;	/* a hole up to the end */
	*mapped = at < 0 || (u64)at < offset + block;
	if (*mapped)
		at = vfs_llseek(vdisk->file, (loff_t)offset, SEEK_HOLE);
	if (at > (loff_t)offset)
		end = min_t(u64, end, *mapped ? round_up((u64)at, block) : round_down((u64)at, block));
	return end - offset;
}

u64 vdisk_extent(struct vdisk *vdisk, u64 offset, bool *mapped)
{
	u64 end = vdisk->nr_blocks << vdisk->dev.block_shift;

	return vdisk->file ? file_extent(vdisk, offset, end, mapped) : memory_extent(vdisk, offset, end, mapped);
}

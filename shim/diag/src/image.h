/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_IMAGE_H
#define RING3_DIAG_IMAGE_H

/*
 * image.h - private to shim/diag: one ELF file, read for names, lines and unwinding.
 *
 * The file is mapped and read in place; what is in it is not trusted: every offset is
 * checked against the size. All addresses are those the file was linked for.
 *
 * Sources: System V ABI (ELF), DWARF 4 and 5, LSB 5 (.eh_frame, .eh_frame_hdr).
 * Threads: one at a time.
 */
#include <elf.h>

#include "out.h"

/* Bytes of a section or of a table in it. */
struct span {
	const uint8_t	*at, *end;
};

struct image {
	struct image	*next;
	const char	*path, *name;		/* name: the last part of the path */
	const char	*trouble;		/* why it is not all the file had; NULL = it is (files.c) */
	uint64_t	stamp[4];		/* of the file of that name when it was looked for; zeros = there was none */
	const uint8_t	*data;
	size_t		size;
	bool		mapped;			/* data is a mapping of ours */
	const Elf64_Phdr *segments;
	unsigned int	nr_segments;
	struct span	symbols, strings;	/* .symtab, or .dynsym where that was stripped */
	struct span	eh_frame_hdr;
	uint64_t	eh_frame_hdr_addr;
	struct span	eh_frame;		/* for one that has no such table */
	uint64_t	eh_frame_addr;
	struct span	info, abbrev, line, line_str, str, str_offsets, addr, ranges, rnglists, aranges;
	uint32_t	*order;			/* symbols with an address, sorted by it */
	uint32_t	nr_order;
};

/* What the kernel writes behind the name of a file that is no more. */
#define IMAGE_DELETED	" (deleted)"
bool image_is_deleted(const char *path);

/* NULL where @file is no ELF file for this machine, or memory is out. It is called @path. Its memory is @arena's. */
struct image *image_open(struct arena *arena, const char *file, const char *path);
struct image *image_of_memory(struct arena *arena, const char *path, const void *data, size_t size);
/* One of which only the name is known. */
struct image *image_named_only(struct arena *arena, const char *path);
void image_close(struct image *image);
/* False: the file of that name is another one now, was written to, or came or went. */
bool image_is_current(const struct image *image);

/* The @bytes at address @addr, as they lie in the file; NULL = they do not. */
const uint8_t *image_at(const struct image *image, uint64_t addr, size_t bytes);

/* What a mapping that starts at @start with file offset @offset adds to addresses; false = no segment does. */
bool image_bias(const struct image *image, uint64_t start, uint64_t offset, uint64_t *bias);

/* Does a segment cover @addr, what is not in the file but zeroed (.bss) included? */
bool image_covers(const struct image *image, uint64_t addr);

/* Name of the function or variable that holds @addr, and its address; NULL = none. */
const char *image_symbol(struct image *image, struct arena *arena, uint64_t addr, uint64_t *start);
/* Address of a symbol by its name; 0 = none. Reads the whole table. */
uint64_t image_find(const struct image *image, const char *name);

/* ---- lines and inlined functions: dwarf.c, dwarf_line.c, dwarf_info.c ---------------- */

enum { INLINES_MAX = 8 };

struct source_line {
	const char	*function;	/* NULL = that of the symbol table */
	const char	*file;		/* NULL = unknown */
	uint32_t	line;
	char		folder[160];	/* of file, "" = none */
};

/*
 * Where @addr comes from: lines[0] the innermost inlined function, the last the real
 * one. Returns how many, 0 = nothing is known.
 */
unsigned int image_lines(struct image *image, uint64_t addr, struct source_line lines[INLINES_MAX]);

#endif /* RING3_DIAG_IMAGE_H */

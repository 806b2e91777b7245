/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_SPACE_H
#define RING3_DIAG_SPACE_H

/*
 * space.h - private to shim/diag: an address space to be read: our own, another
 * process's, or a core file's; what is mapped where, and what an address is called.
 *
 * Memory is read by the kernel (/proc/PID/mem) or out of a core, never by dereferencing:
 * an address may be anything, and memory that goes away meanwhile is an error, not a crash.
 * That holds for our own space as well, and it is why no lock of anybody is needed.
 *
 * Threads: one at a time.
 */
#include "image.h"

struct mapping {
	uint64_t	start, end, offset;
	bool		executable, writable, readable;
	const char	*path;		/* "" = anonymous */
	struct image	*image;		/* once asked for */
	uint64_t	bias;
	bool		tried;
};

/* What an address is called. */
struct place {
	uint64_t	pc;
	const char	*function;	/* of the symbol table; NULL = unknown */
	uint64_t	offset;		/* from the start of function */
	struct image	*image;		/* NULL: no file; made code, or nothing */
	uint64_t	addr;		/* in image: what addr2line -e takes */
	bool		executable;	/* something is mapped there to be run */
	unsigned int	nr_lines;
	struct source_line lines[INLINES_MAX];
};

struct core;

struct space {
	struct arena	names;		/* images and places: as long as the space */
	struct arena	maps_arena;
	int		pid;		/* 0 = ourselves, or a core */
	int		mem_fd;
	struct core	*core;
	struct mapping	*maps;		/* sorted */
	unsigned int	nr_maps;
	struct image	*images;
	struct place	**places;	/* a hash table */
	unsigned int	nr_places;
};

/* 0 or -errno. @pid 0: ourselves. */
int space_open(struct space *space, int pid);
void space_close(struct space *space);
/* Read what is mapped once more: libraries come and go. 0 or -errno. */
int space_refresh(struct space *space);

/* Bytes read, up to @bytes; 0 = none. */
size_t space_read(const struct space *space, uint64_t addr, void *into, size_t bytes);
static inline bool space_get(const struct space *space, uint64_t addr, void *into, size_t bytes)
{
	return space_read(space, addr, into, bytes) == bytes;
}

/* A string up to its zero or @bytes - 1; false and "" when it is not readable. */
bool space_string(const struct space *space, uint64_t addr, char *into, size_t bytes);

struct mapping *space_mapping(struct space *space, uint64_t addr);
/* The image mapped at @addr, and its bias; NULL = none. */
struct image *space_image(struct space *space, uint64_t addr, uint64_t *bias);
struct image *space_image_named(struct space *space, const char *prefix);

/* ---- files.c: which file that is ------------------------------------------------------- */

/* The image of what is mapped there, opened or made once; NULL = no code is in it. */
struct image *space_open_image(struct space *space, const struct mapping *mapping);
/* Forget those whose files were replaced since; true = there were some. */
bool space_drop_images(struct space *space);
/* List "files": a sentence for each file met so far in which names or lines are missing, and why. */
void space_file_troubles(struct space *space, struct diag_out *out);

/* ---- names ------------------------------------------------------------------------------ */

/* Never NULL. @exact: @pc is about to run; else it is a return address, and the call before it counts. */
const struct place *space_place(struct space *space, uint64_t pc, bool exact);

/* "function+0x12", "file.so+0x1234" or "0x..." */
void space_name(struct space *space, uint64_t addr, char *into, size_t bytes);

/* ---- unwinding: unwind.c ----------------------------------------------------------- */

enum { REG_BP = 6, REG_SP = 7, REG_PC = 16, REGS = 17, FRAMES_MAX = 96 };

/* A thread as it was caught. Numbers of registers are DWARF's for x86-64. */
struct caught {
	uint64_t	regs[REGS];
	uint32_t	known;		/* a bit per register */
	const uint8_t	*stack;		/* copy of the memory from stack_at on; NULL = read the space */
	uint64_t	stack_at, stack_bytes;
};

struct frame {
	uint64_t	pc, fp;		/* fp: the frame pointer's value in this frame, 0 = not known */
	uint32_t	skipped;	/* frames left out before this one */
	bool		exact;		/* innermost, or interrupted by a signal */
};

/* The innermost @max frames, or of a deeper stack the innermost two thirds and the outermost third. */
unsigned int space_unwind(struct space *space, const struct caught *caught, struct frame frames[], unsigned int max);

#endif /* RING3_DIAG_SPACE_H */

/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_CORE_H
#define RING3_DIAG_CORE_H

/*
 * core.h - private to shim/diag: a core file (core(5); notes as Linux writes them).
 * The file is mapped; nothing in it is trusted.
 */
#include "space.h"

struct core_thread {
	int		tid;
	int		signal;		/* it was stopped by, 0 = none */
	struct caught	caught;
};

struct core {
	const uint8_t	*data;
	size_t		size;
	uint64_t	missing;	/* bytes that should follow: it was cut off */
	const Elf64_Phdr *segments;
	unsigned int	nr_segments;
	struct core_thread *threads;	/* the first is the one that died */
	unsigned int	nr_threads;
	char		command[17];
	int		pid;
};

/* 0, or -errno: -ENOEXEC = no core file of this machine, -ENODATA = one without threads. Opens @space on it. */
int core_open(struct space *space, const char *path);
void core_close(struct core *core);
size_t core_read(const struct core *core, uint64_t addr, void *into, size_t bytes);

#endif /* RING3_DIAG_CORE_H */

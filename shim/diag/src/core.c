/* SPDX-License-Identifier: MIT */
/* core.c - threads, mappings and memory of a core file: see core.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>

#include "core.h"

enum { CORE_THREADS_MAX = 16384, FILES_MAX = 16384 };

static const void *core_at(const struct core *core, uint64_t offset, uint64_t bytes)
{
	if (offset > core->size || bytes > core->size - offset)
		return NULL;
	return core->data + offset;
}

size_t core_read(const struct core *core, uint64_t addr, void *into, size_t bytes)
{
	size_t done = 0;

	for (unsigned int i = 0; i < core->nr_segments && done < bytes; i++) {
		const Elf64_Phdr *segment = &core->segments[i];
		uint64_t from = addr + done - segment->p_vaddr, part;
		const void *at;

		if (segment->p_type != PT_LOAD || addr + done < segment->p_vaddr || from >= segment->p_filesz)
			continue;
		part = segment->p_filesz - from < bytes - done ? segment->p_filesz - from : bytes - done;
		at = core_at(core, segment->p_offset + from, part);
		if (!at)
			break;
		memcpy((char *)into + done, at, part);
		done += part;
	}
	return done;
}

static void caught_of(struct caught *caught, const struct user_regs_struct *user)
{
	const uint64_t regs[REGS] = {
		user->rax, user->rdx, user->rcx, user->rbx, user->rsi, user->rdi, user->rbp, user->rsp, user->r8,
		user->r9, user->r10, user->r11, user->r12, user->r13, user->r14, user->r15, user->rip,
	};

	*caught = (struct caught){ .known = (1u << REGS) - 1 };
	memcpy(caught->regs, regs, sizeof(regs));
}

static void take_status(struct core *core, const uint8_t *data, size_t bytes)
{
	struct core_thread *thread;
	struct elf_prstatus status;
	struct user_regs_struct user;

	if (bytes < sizeof(status) || core->nr_threads >= CORE_THREADS_MAX)
		return;
	memcpy(&status, data, sizeof(status));
	memcpy(&user, &status.pr_reg, sizeof(user));
	thread = &core->threads[core->nr_threads++];
	thread->tid = status.pr_pid;
	thread->signal = status.pr_cursig;
	caught_of(&thread->caught, &user);
}

/*
 * What NT_FILE names and no segment holds: code and constants, left out because the file has them, as gcore does.
 * Whether it is code the core does not say.
 */
static struct mapping *add_mapping(struct space *space, uint64_t start, uint64_t end)
{
	struct mapping *mapping = &space->maps[space->nr_maps];

	if (space->nr_maps >= space->core->nr_segments + FILES_MAX || start >= end)
		return NULL;
	*mapping = (struct mapping){ .start = start, .end = end, .executable = true, .readable = true, .path = "" };
	space->nr_maps++;
	return mapping;
}

static void name_mapping(struct mapping *mapping, const char *path, uint64_t offset)
{
	mapping->path = path ? path : "";
	mapping->offset = offset;
}

/* NT_FILE: count, page size, count times (start, end, page offset), then the names. */
static void take_files(struct space *space, const uint8_t *data, size_t bytes)
{
	const char *name, *end = (const char *)data + bytes;
	unsigned int nr_segments = space->nr_maps;
	uint64_t head[2], entry[3];

	if (bytes < sizeof(head))
		return;
	memcpy(head, data, sizeof(head));
	if (head[0] > (bytes - sizeof(head)) / sizeof(entry))
		return;
	name = (const char *)data + sizeof(head) + head[0] * sizeof(entry);
	for (uint64_t i = 0; i < head[0] && name < end; i++) {
		size_t length = strnlen(name, (size_t)(end - name));

		const char *path = arena_text(&space->names, name, length);
		struct mapping *mapping;
		bool held = false;

		memcpy(entry, data + sizeof(head) + i * sizeof(entry), sizeof(entry));
		for (unsigned int j = 0; j < nr_segments; j++) {
			mapping = &space->maps[j];
			held |= mapping->start < entry[1] && entry[0] < mapping->end;
			if (mapping->start >= entry[0] && mapping->end <= entry[1])
				name_mapping(mapping, path, entry[2] * head[1] + (mapping->start - entry[0]));
		}
		mapping = held ? NULL : add_mapping(space, entry[0], entry[1]);
		if (mapping)
			name_mapping(mapping, path, entry[2] * head[1]);
		name += length + 1;
	}
}

static void take_note(struct space *space, uint32_t type, const uint8_t *data, size_t bytes)
{
	struct core *core = space->core;
	struct elf_prpsinfo info;

	if (type == NT_PRSTATUS)
		take_status(core, data, bytes);
	else if (type == NT_FILE)
		take_files(space, data, bytes);
	else if (type == NT_PRPSINFO && bytes >= sizeof(info)) {
		memcpy(&info, data, sizeof(info));
		memcpy(core->command, info.pr_fname, 16);
		core->pid = info.pr_pid;
	}
}

static void read_notes(struct space *space, const Elf64_Phdr *segment)
{
	const uint8_t *at = core_at(space->core, segment->p_offset, segment->p_filesz);
	size_t left = at ? segment->p_filesz : 0;

	while (left >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;
		size_t name = (note->n_namesz + 3ul) & ~3ul, data = (note->n_descsz + 3ul) & ~3ul;

		if (name + data > left - sizeof(*note))
			return;
		take_note(space, note->n_type, at + sizeof(*note) + name, note->n_descsz);
		at += sizeof(*note) + name + data;
		left -= sizeof(*note) + name + data;
	}
}

static void take_mappings(struct space *space)
{
	struct core *core = space->core;

	space->maps = arena_take(&space->maps_arena, (core->nr_segments + FILES_MAX) * sizeof(*space->maps));
	for (unsigned int i = 0; space->maps && i < core->nr_segments; i++) {
		const Elf64_Phdr *segment = &core->segments[i];

		if (segment->p_type == PT_LOAD)
			space->maps[space->nr_maps++] = (struct mapping){
				.start = segment->p_vaddr, .end = segment->p_vaddr + segment->p_memsz,
				.executable = segment->p_flags & PF_X, .writable = segment->p_flags & PF_W,
				.readable = segment->p_flags & PF_R, .path = "",
			};
	}
}

static int by_start(const void *a, const void *b)
{
	const struct mapping *first = a, *second = b;

	return first->start < second->start ? -1 : first->start > second->start;
}

static int read_core(struct space *space)
{
	struct core *core = space->core;
	const Elf64_Ehdr *head = core_at(core, 0, sizeof(*head));

	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_type != ET_CORE ||
	    head->e_machine != EM_X86_64 || head->e_phentsize != sizeof(Elf64_Phdr))
		return -ENOEXEC;
	core->nr_segments = head->e_phnum;
	if (head->e_phnum == PN_XNUM) {	/* 65535 and more: the number stands in the first section */
		const Elf64_Shdr *section = core_at(core, head->e_shoff, sizeof(*section));

		if (!section)
			return -ENOEXEC;
		core->nr_segments = section->sh_info;
	}
	core->segments = core_at(core, head->e_phoff, (uint64_t)core->nr_segments * sizeof(Elf64_Phdr));
	core->threads = arena_take(&space->names, CORE_THREADS_MAX * sizeof(*core->threads));
	if (!core->segments || !core->threads)
		return -ENOEXEC;
	take_mappings(space);
	if (!space->maps)
		return -ENOMEM;
	for (unsigned int i = 0; i < core->nr_segments; i++)
		if (core->segments[i].p_type == PT_NOTE)
			read_notes(space, &core->segments[i]);
	for (unsigned int i = 0; i < core->nr_segments; i++) {
		uint64_t end = core->segments[i].p_offset + core->segments[i].p_filesz;

		if (core->segments[i].p_filesz && end > core->size && end - core->size > core->missing &&
		    end >= core->segments[i].p_offset)
			core->missing = end - core->size;
	}
	qsort(space->maps, space->nr_maps, sizeof(*space->maps), by_start);
	return core->nr_threads ? 0 : -ENODATA;
}

int core_open(struct space *space, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;	/* a pipe nobody writes to is no core */
	struct stat stat;
	struct core *core;
	void *data;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || stat.st_size < (off_t)sizeof(Elf64_Ehdr)) {
		close(fd);
		return -ENOEXEC;
	}
	data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		rc = -errno;
	close(fd);
	if (rc)
		return rc;
	rc = space_open(space, 0);
	core = rc ? NULL : arena_take(&space->names, sizeof(*core));
	if (!core) {
		munmap(data, (size_t)stat.st_size);
		return rc ? rc : -ENOMEM;
	}
	*core = (struct core){ .data = data, .size = (size_t)stat.st_size };
	arena_reset(&space->maps_arena);
	space->maps = NULL;
	space->nr_maps = 0;
	space->core = core;
	rc = read_core(space);
	if (rc)
		space_close(space);
	return rc;
}

void core_close(struct core *core)
{
	munmap((void *)core->data, core->size);
}

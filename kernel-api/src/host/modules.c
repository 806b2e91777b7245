/* SPDX-License-Identifier: MIT */
/* modules.c - shared objects: opening them, and what they say they need. See host.h. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"

/* A name without a slash is a file here, not one the dynamic linker searches for. */
static void file_name(char *file, size_t bytes, const char *path)
{
	snprintf(file, bytes, "%s%s", strchr(path, '/') ? "" : "./", path);
}

void *host_dlopen(const char *path, char *why, host_size bytes)
{
	char file[4096];
	void *handle;

	file_name(file, sizeof(file), path);
	handle = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
	if (!handle)
		snprintf(why, bytes, "%s", dlerror());
	return handle;
}

void *host_dlsym(void *handle, const char *name) { return dlsym(handle, name); }
void host_dlclose(void *handle) { dlclose(handle); }

/* Everything in the file is checked against its size: it may be any file. */
static long find_section(const char *map, size_t size, const char *wanted, char *buf, size_t bytes)
{
	const Elf64_Ehdr *elf = (const void *)map;
	const Elf64_Shdr *sections, *strings;

	if (size < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) || elf->e_ident[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	if (elf->e_shoff > size || elf->e_shoff % _Alignof(Elf64_Shdr) || elf->e_shentsize != sizeof(*sections) ||
	    (size - elf->e_shoff) / sizeof(*sections) < elf->e_shnum || elf->e_shstrndx >= elf->e_shnum)
		return -ENOEXEC;
	sections = (const void *)(map + elf->e_shoff);
	strings = &sections[elf->e_shstrndx];
	if (strings->sh_offset > size || strings->sh_size > size - strings->sh_offset || !strings->sh_size ||
	    map[strings->sh_offset + strings->sh_size - 1])
		return -ENOEXEC;
	for (unsigned int i = 0; i < elf->e_shnum; i++) {
		const Elf64_Shdr *at = &sections[i];

		if (at->sh_name >= strings->sh_size || strcmp(map + strings->sh_offset + at->sh_name, wanted))
			continue;
		if (at->sh_offset > size || at->sh_size > size - at->sh_offset)
			return -ENOEXEC;
		if (at->sh_size >= bytes)
			return -E2BIG;
		memcpy(buf, map + at->sh_offset, at->sh_size);
		return (long)at->sh_size;
	}
	return 0;
}

long host_module_depends(const char *path, char *buf, host_size bytes)
{
	char file[4096];
	struct stat st;
	void *map;
	long len;
	int fd;

	file_name(file, sizeof(file), path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size) {
		close(fd);
		return -ENOEXEC;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	len = find_section(map, (size_t)st.st_size, ".ring3.depends", buf, bytes);
	munmap(map, (size_t)st.st_size);
	if (len >= 0)
		buf[len] = 0;
	return len;
}

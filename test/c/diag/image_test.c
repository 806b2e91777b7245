/* SPDX-License-Identifier: MIT */
/*
 * image_test.c - ELF files, DWARF and cores that lie: nothing is read outside of them,
 * and every look ends. Then: that the readers agree with what the compiler was given.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "harness.h"
#include "image.h"
#include "space.h"
#include "victim.h"

static uint64_t seed = 88172645463325252;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* This very program, on the heap, so that AddressSanitizer knows where it ends. */
static uint8_t *read_self(size_t *bytes)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat stat;
	uint8_t *data;

	CHECK(fd >= 0 && !fstat(fd, &stat));
	data = malloc((size_t)stat.st_size);
	CHECK_EQ(read(fd, data, (size_t)stat.st_size), stat.st_size);
	close(fd);
	*bytes = (size_t)stat.st_size;
	return data;
}

static void look_everywhere(struct image *image, struct arena *arena)
{
	struct source_line lines[INLINES_MAX];
	uint64_t start;

	for (int i = 0; i < 40; i++) {
		uint64_t addr = next_random() % (image->size + 4096);

		image_symbol(image, arena, addr, &start);
		image_lines(image, addr, lines);
		image_at(image, addr, 16);
	}
	image_find(image, "victim_spins");
}

TEST(an_image_of_random_damage)
{
	struct arena arena;
	size_t bytes;
	uint8_t *whole = read_self(&bytes), *copy = malloc(bytes);
	int opened = 0;

	CHECK(arena_init(&arena, 64 << 20));
	for (int round = 0; round < (victim_sanitized() ? 60 : 300); round++) {
		size_t size = round % 4 ? bytes : next_random() % bytes;
		struct image *image;

		memcpy(copy, whole, bytes);
		for (uint64_t i = 0, nr = 1 + next_random() % 2000; i < nr; i++) {
			/* Half of it where tables are: the first page, and the end. */
			size_t at = i % 4 == 0 ? next_random() % 4096 % bytes :
				    i % 4 == 1 ? bytes - 1 - next_random() % 8192 % bytes : next_random() % bytes;

			if (i % 4 || round % 3)
				copy[at] = (uint8_t)next_random();
		}
		memcpy(copy, whole, 64 < bytes ? 64 : bytes);	/* the first header stays, or all ends there */
		/* Exactly as many bytes as it is told of. */
		copy = realloc(copy, size ? size : 1);
		image = image_of_memory(&arena, "/damaged", copy, size);
		if (image) {
			opened++;
			look_everywhere(image, &arena);
		}
		copy = realloc(copy, bytes);
		arena_reset(&arena);
	}
	CHECK_GT(opened, 10);
	free(copy);
	free(whole);
	arena_free(&arena);
}

TEST(a_core_of_random_damage)
{
	char path[] = "/tmp/ring3-core-XXXXXX";
	size_t bytes = 65536;
	uint8_t *core = calloc(1, bytes);
	Elf64_Ehdr *head = (Elf64_Ehdr *)core;
	Elf64_Phdr *segments = (Elf64_Phdr *)(core + sizeof(*head));
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	for (int round = 0; round < 500; round++) {
		static struct frame frames[FRAMES_MAX];
		struct space space;

		for (size_t i = 0; i < bytes; i++)
			core[i] = (uint8_t)(next_random() >> 56);
		*head = (Elf64_Ehdr){ .e_type = ET_CORE, .e_machine = EM_X86_64, .e_phoff = sizeof(*head),
				      .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = (uint16_t)(1 + next_random() % 8) };
		memcpy(head->e_ident, ELFMAG, SELFMAG);
		head->e_ident[EI_CLASS] = ELFCLASS64;
		for (unsigned int i = 0; i < head->e_phnum; i++) {
			segments[i].p_type = next_random() % 2 ? PT_NOTE : PT_LOAD;
			segments[i].p_offset = next_random() % (bytes + 100);
			segments[i].p_filesz = next_random() % (round % 2 ? bytes : UINT32_MAX);
			for (int note = 0; segments[i].p_type == PT_NOTE && note < 1; note++) {
				Elf64_Nhdr nhdr = { 5, (uint32_t)(next_random() % 2000), (uint32_t)(next_random() % 5) };

				if (segments[i].p_offset + sizeof(nhdr) < bytes)
					memcpy(core + segments[i].p_offset, &nhdr, sizeof(nhdr));
			}
		}
		CHECK_EQ(pwrite(fd, core, bytes, 0), (ssize_t)bytes);
		if (core_open(&space, path))
			continue;
		for (unsigned int i = 0; i < space.core->nr_threads; i++)
			space_unwind(&space, &space.core->threads[i].caught, frames, FRAMES_MAX);
		space_close(&space);
	}
	unlink(path);
	close(fd);
	free(core);
}

TEST(a_file_cut_at_each_of_its_first_bytes_is_no_image)
{
	struct arena arena;
	size_t bytes;
	uint8_t *whole = read_self(&bytes);

	CHECK(arena_init(&arena, 64 << 20));
	for (size_t size = 0; size < 600; size++) {
		uint8_t *copy = malloc(size ? size : 1);
		struct image *image;

		memcpy(copy, whole, size);
		image = image_of_memory(&arena, "/cut", copy, size);
		if (image)
			look_everywhere(image, &arena);
		free(copy);
		arena_reset(&arena);
	}
	free(whole);
	arena_free(&arena);
}

/* Whoever reads /proc/PID/maps would take it and the file's own mapping, the next with a name, for one. */
TEST(a_file_that_is_read_has_another_as_neighbour)
{
	unsigned long at, end, inode, last_end = 0, last_inode = 0;
	struct image *image;
	struct arena arena;
	bool found = false;
	char line[512];
	FILE *maps;

	CHECK(arena_init(&arena, 64 << 20));
	image = image_open(&arena, "/proc/self/exe", "/self");
	CHECK(image && (maps = fopen("/proc/self/maps", "re")));
	while (!found && fgets(line, sizeof(line), maps)) {
		CHECK_EQ(sscanf(line, "%lx-%lx %*s %*s %*s %lu", &at, &end, &inode), 3);
		found = last_end > (uintptr_t)image->data && last_end - (uintptr_t)image->data < image->size + 4096 &&
			at == last_end && last_inode && inode && inode != last_inode;
		last_end = end;
		last_inode = inode;
	}
	fclose(maps);
	CHECK(found);
	image_close(image);
	arena_free(&arena);
}

static __attribute__((noinline)) uintptr_t here(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

TEST(a_line_is_the_one_the_compiler_saw)
{
	const struct place *place;
	struct space space;
	int line = __LINE__ + 1;
	uintptr_t pc = here();

	CHECK_EQ(space_open(&space, 0), 0);
	place = space_place(&space, pc, false);
	CHECK_EQ(place->nr_lines, 1);
	CHECK_EQ(place->lines[0].line, line);
	CHECK_STREQ(place->lines[0].file, "image_test.c");
	CHECK_STREQ(place->lines[0].function, "a_line_is_the_one_the_compiler_saw");
	CHECK(place->addr && place->image);
	CHECK_EQ(space_place(&space, 8, true)->executable, 0);
	CHECK(!space_place(&space, 8, true)->image);
	space_close(&space);
}

TEST(memory_that_is_not_there_is_not_read)
{
	char page[64], text[16];
	struct space space;
	char *edge;

	CHECK_EQ(space_open(&space, 0), 0);
	CHECK_EQ(space_read(&space, 0, page, sizeof(page)), 0);
	CHECK_EQ(space_read(&space, UINT64_MAX - 8, page, sizeof(page)), 0);
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 4096, 4096);
	memcpy(edge + 4090, "abcdef", 6);
	CHECK_EQ(space_read(&space, (uintptr_t)edge + 4090, page, 64), 6);
	CHECK(!space_get(&space, (uintptr_t)edge + 4090, page, 7));
	CHECK(space_string(&space, (uintptr_t)edge + 4090, text, sizeof(text)));
	CHECK_STREQ(text, "abcdef");
	CHECK(!space_string(&space, 16, text, sizeof(text)));
	space_close(&space);
}

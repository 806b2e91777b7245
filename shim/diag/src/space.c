/* SPDX-License-Identifier: MIT */
/* space.c - mappings, memory and names of an address space: see space.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "space.h"

enum {
	NAMES_BYTES = 256 << 20,	/* of address space */
	MAPS_BYTES = 64 << 20,
	PLACES = 1 << 14,
};

/* ---- mappings ------------------------------------------------------------------- */

static uint64_t hex(const char **at)
{
	uint64_t value = 0;

	for (;; (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* "START-END PERM OFFSET DEV INODE   PATH" */
static void parse_mapping(struct mapping *mapping, const char *line)
{
	*mapping = (struct mapping){ .start = hex(&line), .path = "" };
	if (*line == '-')
		line++;
	mapping->end = hex(&line);
	if (strlen(line) < 6)
		return;
	mapping->readable = line[1] == 'r';
	mapping->writable = line[2] == 'w';
	mapping->executable = line[3] == 'x';
	line += 6;
	mapping->offset = hex(&line);
	for (int words = 0; words < 2; words++) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	mapping->path = line + strspn(line, " ");
}

static int read_whole(struct arena *arena, const char *path, char **text, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	size_t used = 0, room;
	char *buf;

	if (fd < 0)
		return -errno;
	room = arena->size / 2;
	buf = arena_take(arena, room);
	while (buf && used + 1 < room) {
		ssize_t got = read(fd, buf + used, room - used - 1);

		if (got < 0)
			rc = -errno;
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	close(fd);
	if (!buf)
		return -ENOMEM;
	buf[used] = 0;
	arena->used -= room - used - 1;
	*text = buf;
	*length = used;
	return rc;
}

static void forget_places(struct space *space)
{
	if (space->places)
		memset(space->places, 0, PLACES * sizeof(*space->places));
	space->nr_places = 0;
}

int space_refresh(struct space *space)
{
	char path[32] = "/proc/self/maps", *text = NULL, *line, *next;
	unsigned int nr = 0;
	size_t length = 0;
	int rc;

	if (space->core)
		return 0;
	/* Kept from one dump to the next: a library that has not moved keeps its image. */
	if (space_drop_images(space))
		forget_places(space);
	arena_reset(&space->maps_arena);
	space->maps = NULL;
	space->nr_maps = 0;
	if (space->pid)
		diag_format(path, sizeof(path), "/proc/%d/maps", space->pid);
	rc = read_whole(&space->maps_arena, path, &text, &length);
	if (rc)
		return rc;
	for (size_t i = 0; i < length; i++)
		nr += text[i] == '\n';
	space->maps = arena_take(&space->maps_arena, nr * sizeof(*space->maps));
	if (!space->maps)
		return -ENOMEM;
	for (line = text; nr && *line; line = next) {
		next = strchr(line, '\n');
		if (!next)
			break;
		*next++ = 0;
		parse_mapping(&space->maps[space->nr_maps++], line);
		nr--;
	}
	return 0;
}

struct mapping *space_mapping(struct space *space, uint64_t addr)
{
	unsigned int low = 0, high = space->nr_maps;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (addr < space->maps[middle].start)
			high = middle;
		else if (addr >= space->maps[middle].end)
			low = middle + 1;
		else
			return &space->maps[middle];
	}
	return NULL;
}

struct image *space_image(struct space *space, uint64_t addr, uint64_t *bias)
{
	struct mapping *mapping = space_mapping(space, addr);

	if (mapping && !mapping->path[0] && mapping > space->maps && mapping[-1].end == mapping->start &&
	    mapping[-1].path[0] == '/') {
		/* What a file's .bss has beyond the page its data end in is mapped without a name. */
		struct image *before = space_image(space, mapping[-1].start, bias);

		return before && image_covers(before, addr - *bias) ? before : NULL;
	}
	if (!mapping || !mapping->path[0])
		return NULL;
	if (!mapping->tried) {
		mapping->tried = true;
		mapping->image = space_open_image(space, mapping);
		if (mapping->image && !mapping->image->nr_segments)
			mapping->bias = mapping->start - mapping->offset;	/* where in the file, at least */
		else if (mapping->image && !image_bias(mapping->image, mapping->start, mapping->offset, &mapping->bias))
			mapping->image = NULL;
	}
	*bias = mapping->bias;
	return mapping->image;
}

struct image *space_image_named(struct space *space, const char *prefix)
{
	for (unsigned int i = 0; i < space->nr_maps; i++) {
		const char *slash = strrchr(space->maps[i].path, '/');
		uint64_t bias;

		if (slash && !strncmp(slash + 1, prefix, strlen(prefix)))
			return space_image(space, space->maps[i].start, &bias);
	}
	return NULL;
}

/* ---- memory ------------------------------------------------------------------------ */

/* What a core left out because a file has it, code and constants, is read from there. */
static size_t read_core_or_file(struct space *space, uint64_t addr, uint8_t *into, size_t bytes)
{
	size_t got = core_read(space->core, addr, into, bytes);
	const struct image *image;
	const uint8_t *at;
	uint64_t bias;

	if (got == bytes)
		return got;
	image = space_image(space, addr + got, &bias);
	at = image && image->mapped ? image_at(image, addr + got - bias, bytes - got) : NULL;
	if (!at)
		return got;
	memcpy(into + got, at, bytes - got);
	return bytes;
}

size_t space_read(const struct space *space, uint64_t addr, void *into, size_t bytes)
{
	ssize_t got;

	if (space->core)	/* images are opened as they are asked for */
		return read_core_or_file((struct space *)(uintptr_t)space, addr, into, bytes);
	if (addr >> 63)
		return 0;
	do {
		got = pread(space->mem_fd, into, bytes, (off_t)addr);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? 0 : (size_t)got;
}

bool space_string(const struct space *space, uint64_t addr, char *into, size_t bytes)
{
	size_t got = space_read(space, addr, into, bytes - 1);

	into[got] = 0;
	for (char *c = into; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c == 0x7f)
			*c = '?';
	return got != 0;
}

/* ---- names --------------------------------------------------------------------------- */

static void fill_place(struct space *space, struct place *place, uint64_t pc, bool exact)
{
	uint64_t bias, start, at = exact ? pc : pc - 1;
	struct mapping *mapping = space_mapping(space, at);

	*place = (struct place){ .pc = pc, .executable = mapping && mapping->executable };
	place->image = space_image(space, at, &bias);
	if (!place->image)
		return;
	place->addr = pc - bias;
	place->function = image_symbol(place->image, &space->names, at - bias, &start);
	if (place->function)
		place->offset = pc - bias - start;
	if (place->executable)
		place->nr_lines = image_lines(place->image, at - bias, place->lines);
}

/*
 * Places are kept, by address, over refreshes: what lies in a file at an address is
 * checked for being the same file before a place is believed.
 */
const struct place *space_place(struct space *space, uint64_t pc, bool exact)
{
	static const struct place nowhere;
	uint64_t bias, key = pc * 2 + exact;
	unsigned int slot = (unsigned int)((key * 0x9e3779b97f4a7c15ul) >> 50);
	struct place *place;

	if (!space->places)
		return &nowhere;
	if (space->nr_places > PLACES / 2)
		forget_places(space);
	for (;; slot = (slot + 1) % PLACES) {
		place = space->places[slot];
		if (!place)
			break;
		if (place->pc == pc && place->image == space_image(space, exact ? pc : pc - 1, &bias))
			return place;
	}
	place = arena_take(&space->names, sizeof(*place));
	if (!place)
		return &nowhere;
	fill_place(space, place, pc, exact);
	space->places[slot] = place;
	space->nr_places++;
	return place;
}

void space_name(struct space *space, uint64_t addr, char *into, size_t bytes)
{
	const struct place *place = space_place(space, addr, true);

	if (place->function && place->offset)
		diag_format(into, bytes, "%s+%#lx", place->function, place->offset);
	else if (place->function)
		diag_format(into, bytes, "%s", place->function);
	else if (place->image)
		diag_format(into, bytes, "%s+%#lx", place->image->name, place->addr);
	else
		diag_format(into, bytes, "%#lx", addr);
}

/* ---- open and close ---------------------------------------------------------------------- */

int space_open(struct space *space, int pid)
{
	char path[32] = "/proc/self/mem";
	int rc;

	*space = (struct space){ .pid = pid, .mem_fd = -1 };
	if (!arena_init(&space->names, NAMES_BYTES) || !arena_init(&space->maps_arena, MAPS_BYTES)) {
		space_close(space);
		return -ENOMEM;
	}
	space->places = arena_take(&space->names, PLACES * sizeof(*space->places));
	if (pid)
		diag_format(path, sizeof(path), "/proc/%d/mem", pid);
	space->mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	rc = space->mem_fd < 0 ? -errno : space_refresh(space);
	if (rc)
		space_close(space);
	return rc;
}

void space_close(struct space *space)
{
	for (struct image *image = space->images; image; image = image->next)
		image_close(image);
	if (space->mem_fd >= 0)
		close(space->mem_fd);
	if (space->core)
		core_close(space->core);
	space->mem_fd = -1;
	space->core = NULL;
	arena_free(&space->names);
	arena_free(&space->maps_arena);
}

/* SPDX-License-Identifier: MIT */
/*
 * files.c - the ELF file behind a mapping. A process outlives its files: they are built anew while it runs, deleted, or
 * left on the machine a core came from. A name out of another file is worse than none.
 *
 * Invariant: a file is believed only when its header and its notes (the build-id is one) are what the process has
 * mapped, or when the process's are not to be had. Without such a file the image is made of what is mapped: enough to
 * unwind, and for the functions that the file exported. space_file_troubles() says where that was so.
 *
 * Threads: one at a time.
 */
#include <string.h>

#include "core.h"
#include "space.h"

enum {
	HEAD_BYTES = 4096,		/* where a header and its notes lie */
	MEMORY_MAX = 64 << 20,		/* of an image made of memory */
	SEGMENTS_MAX = 64,
	PATH_BYTES = 4160,
};

/* What is mapped at @addr, not what a file has there. */
static size_t read_mapped(struct space *space, uint64_t addr, void *into, size_t bytes)
{
	return space->core ? core_read(space->core, addr, into, bytes) : space_read(space, addr, into, bytes);
}

/* The mapping of the first page of the file that @mapping is of; NULL = none. */
static const struct mapping *head_mapping(const struct space *space, const struct mapping *mapping)
{
	for (; mapping->offset; mapping--)
		if (mapping == space->maps || strcmp(mapping[-1].path, mapping->path))
			return NULL;
	return mapping;
}

/* Do @head, of memory, and the file begin alike: header, segments, and the notes in that page? */
static bool same_head(const struct image *image, const uint8_t *head)
{
	const Elf64_Ehdr *file = (const Elf64_Ehdr *)image->data;
	size_t bytes = file->e_phoff + (size_t)file->e_phnum * sizeof(Elf64_Phdr);

	if (memcmp(image->data, head, sizeof(*file)))
		return false;
	if (bytes <= HEAD_BYTES && bytes <= image->size && memcmp(image->data, head, bytes))
		return false;
	for (unsigned int i = 0; i < image->nr_segments; i++) {
		const Elf64_Phdr *note = &image->segments[i];

		if (note->p_type == PT_NOTE && note->p_offset <= HEAD_BYTES &&
		    note->p_filesz <= HEAD_BYTES - note->p_offset && note->p_offset + note->p_filesz <= image->size &&
		    memcmp(image->data + note->p_offset, head + note->p_offset, note->p_filesz))
			return false;
	}
	return true;
}

/* ---- out of memory ------------------------------------------------------------------------ */

/* One entry of the dynamic section, an address as the file has it: the linker has turned most into those of memory. */
static bool take_entry(const struct image *image, uint64_t bias, unsigned int index, uint64_t *tag, uint64_t *value)
{
	const Elf64_Dyn *entry = NULL;

	for (unsigned int i = 0; i < image->nr_segments && !entry; i++)
		if (image->segments[i].p_type == PT_DYNAMIC && index < image->segments[i].p_filesz / sizeof(*entry))
			entry = (const Elf64_Dyn *)image_at(image, image->segments[i].p_vaddr + index * sizeof(*entry),
							    sizeof(*entry));
	if (!entry || entry->d_tag == DT_NULL)
		return false;
	*tag = (uint64_t)entry->d_tag;
	*value = entry->d_un.d_val;
	if (*tag != DT_STRSZ && *value >= bias && image_covers(image, *value - bias))
		*value -= bias;
	return true;
}

/* The symbols that the dynamic linker uses. Nothing says how many there are: up to the next table. */
static void take_exported(struct image *image, uint64_t bias)
{
	uint64_t symbols = 0, strings = 0, bytes = 0, end = UINT64_MAX, tag, value;
	const uint8_t *at, *names;

	for (unsigned int i = 0; take_entry(image, bias, i, &tag, &value); i++) {
		symbols = tag == DT_SYMTAB ? value : symbols;
		strings = tag == DT_STRTAB ? value : strings;
		bytes = tag == DT_STRSZ ? value : bytes;
	}
	for (unsigned int i = 0; take_entry(image, bias, i, &tag, &value); i++)
		if ((tag == DT_STRTAB || tag == DT_HASH || tag == DT_GNU_HASH || tag == DT_VERSYM ||
		     tag == DT_VERNEED || tag == DT_VERDEF || tag == DT_RELA || tag == DT_JMPREL) &&
		    value > symbols && value < end)
			end = value;
	if (!symbols || !bytes || end == UINT64_MAX)
		return;
	end -= (end - symbols) % sizeof(Elf64_Sym);
	at = image_at(image, symbols, end - symbols);
	names = image_at(image, strings, bytes);
	if (!at || !names || names[bytes - 1])
		return;
	image->symbols = (struct span){ at, at + (end - symbols) };
	image->strings = (struct span){ names, names + bytes };
}

/* Bytes that the file had, up to the end of what is mapped of it, and what memory has over its addresses. */
static size_t mapped_size(const Elf64_Phdr *segments, unsigned int nr, uint64_t start, uint64_t *bias)
{
	size_t size = HEAD_BYTES;

	*bias = start;
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t offset = segments[i].p_offset, bytes = segments[i].p_filesz;

		if (segments[i].p_type != PT_LOAD)
			continue;
		if (!offset)
			*bias = start - segments[i].p_vaddr;
		if (offset > MEMORY_MAX || bytes > MEMORY_MAX - offset)
			return 0;
		if (offset + bytes > size)
			size = offset + bytes;
	}
	return size;
}

/* An image of what is mapped, laid out as the file was. A core may have its first page only. */
static struct image *image_of_mapped(struct space *space, const struct mapping *first, const uint8_t *head)
{
	const Elf64_Ehdr *file = (const Elf64_Ehdr *)head;
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(head + sizeof(*file));
	struct image *image;
	bool whole = true;
	uint64_t bias;
	uint8_t *copy;
	size_t size;

	if (file->e_phoff != sizeof(*file) || file->e_phnum > SEGMENTS_MAX)
		return NULL;
	size = mapped_size(segments, file->e_phnum, first->start, &bias);
	copy = size ? arena_take(&space->names, size) : NULL;
	if (!copy)
		return NULL;
	for (unsigned int i = 0; i < file->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD)
			whole &= read_mapped(space, bias + segments[i].p_vaddr, copy + segments[i].p_offset,
					     segments[i].p_filesz) == segments[i].p_filesz;
	memcpy(copy, head, HEAD_BYTES);
	((Elf64_Ehdr *)copy)->e_shnum = 0;	/* sections are in the file only */
	image = image_of_memory(&space->names, first->path, copy, size);
	if (image && whole)
		take_exported(image, bias);
	else if (image)
		image->eh_frame_hdr = (struct span){ 0 };
	return image;
}

/* ---- out of a file -------------------------------------------------------------------------- */

/* @head is NULL where the process's is not to be had. Another file of that name: NULL, and @changed. */
static struct image *open_same(struct space *space, const char *path, const char *name, const uint8_t *head,
			       bool *changed)
{
	struct image *image = image_open(&space->names, path, name);

	if (image && head && !same_head(image, head)) {
		image_close(image);
		*changed = true;
		return NULL;
	}
	return image;
}

/* The file that a living process has, wherever it went: its own root's, the kernel's link to it, its executable. */
static struct image *open_of_process(struct space *space, const struct mapping *mapping, const uint8_t *head,
				     bool *changed)
{
	char path[PATH_BYTES], process[16] = "self";
	struct image *image = NULL;

	if (space->pid) {
		diag_format(process, sizeof(process), "%d", space->pid);
		diag_format(path, sizeof(path), "/proc/%s/root%s", process, mapping->path);
		image = open_same(space, path, mapping->path, head, changed);
	}
	if (!image)
		image = open_same(space, mapping->path, mapping->path, head, changed);
	if (!image && head) {	/* the kernel keeps these for root only */
		diag_format(path, sizeof(path), "/proc/%s/map_files/%lx-%lx", process, mapping->start, mapping->end);
		image = open_same(space, path, mapping->path, head, changed);
	}
	if (!image && head) {
		bool another = false;	/* most files are not the executable */

		diag_format(path, sizeof(path), "/proc/%s/exe", process);
		image = open_same(space, path, mapping->path, head, &another);
	}
	return image;
}

static struct image *image_of_file(struct space *space, const struct mapping *mapping)
{
	const struct mapping *first = head_mapping(space, mapping);
	bool has_head, changed = false;
	struct image *image;
	uint8_t head[HEAD_BYTES] __attribute__((aligned(8)));

	has_head = first && read_mapped(space, first->start, head, sizeof(head)) == sizeof(head) &&
		   !memcmp(head, ELFMAG, SELFMAG);
	image = space->core ? open_same(space, mapping->path, mapping->path, has_head ? head : NULL, &changed) :
			      open_of_process(space, mapping, has_head ? head : NULL, &changed);
	if (image)
		return image;
	/* Fonts, locales and disks are mapped, too; code that a program makes may lie in a file without being one. */
	if (!has_head && (!space->core || !mapping->executable))
		return NULL;
	image = has_head ? image_of_mapped(space, first, head) : NULL;
	if (!image)
		image = image_named_only(&space->names, mapping->path);
	if (image)
		image->trouble = image_is_deleted(mapping->path) ? "was deleted or replaced" :
				 changed ? "is not the one that was loaded" : "cannot be read";
	return image;
}

/* ---- for space.c ----------------------------------------------------------------------------- */

struct image *space_open_image(struct space *space, const struct mapping *mapping)
{
	size_t bytes = mapping->end - mapping->start;
	struct image *image = NULL;
	void *copy;

	for (image = space->images; image; image = image->next)
		if (!strcmp(image->path, mapping->path))
			return image;
	if (mapping->path[0] == '/') {
		image = image_of_file(space, mapping);
	} else if (!strcmp(mapping->path, "[vdso]")) {
		copy = arena_take(&space->names, bytes);
		image = copy && space_get(space, mapping->start, copy, bytes) ?
			image_of_memory(&space->names, mapping->path, copy, bytes) : NULL;
	}
	if (image) {
		image->next = space->images;
		space->images = image;
	}
	return image;
}

/* A module that was built anew and loaded again lies under the name of the old one. */
bool space_drop_images(struct space *space)
{
	struct image **at = &space->images, *image;
	bool dropped = false;

	while ((image = *at) != NULL) {
		if (image->path[0] != '/' || image_is_current(image)) {
			at = &image->next;
			continue;
		}
		*at = image->next;
		image_close(image);
		dropped = true;
	}
	return dropped;
}

void space_file_troubles(struct space *space, struct diag_out *out)
{
	bool begun = false;

	for (const struct image *image = space->images; image; image = image->next) {
		size_t length = strlen(image->path);

		if (!image->trouble)
			continue;
		if (!begun)
			out_list(out, "files");
		begun = true;
		if (image_is_deleted(image->path))
			length -= strlen(IMAGE_DELETED);
		out_fmt(out, NULL, "%.*s %s: %s", (int)length, image->path, image->trouble,
			image->symbols.at ? "only functions that it exports have names, and no lines" :
			"its functions have no names");
	}
	if (begun)
		out_end(out);
}

/* SPDX-License-Identifier: MIT */
/* image.c - sections and symbols of an ELF file: see image.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

static const void *file_at(const struct image *image, uint64_t offset, uint64_t bytes)
{
	if (offset > image->size || bytes > image->size - offset)
		return NULL;
	return image->data + offset;
}

const uint8_t *image_at(const struct image *image, uint64_t addr, size_t bytes)
{
	for (unsigned int i = 0; i < image->nr_segments; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type == PT_LOAD && addr - segment->p_vaddr < segment->p_filesz &&
		    bytes <= segment->p_filesz - (addr - segment->p_vaddr))
			return file_at(image, segment->p_offset + (addr - segment->p_vaddr), bytes);
	}
	return NULL;
}

bool image_bias(const struct image *image, uint64_t start, uint64_t offset, uint64_t *bias)
{
	for (unsigned int i = 0; i < image->nr_segments; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		uint64_t from = segment->p_offset & ~4095ul;

		if (segment->p_type == PT_LOAD && offset >= from &&
		    offset < ((segment->p_offset + segment->p_filesz + 4095) & ~4095ul)) {
			*bias = start - ((segment->p_vaddr & ~4095ul) + (offset - from));
			return true;
		}
	}
	return false;
}

bool image_covers(const struct image *image, uint64_t addr)
{
	for (unsigned int i = 0; i < image->nr_segments; i++)
		if (image->segments[i].p_type == PT_LOAD &&
		    addr - image->segments[i].p_vaddr < image->segments[i].p_memsz)
			return true;
	return false;
}

static struct span section_span(const struct image *image, const Elf64_Shdr *section)
{
	const uint8_t *at = section->sh_type == SHT_NOBITS || section->sh_flags & SHF_COMPRESSED ?
			    NULL : file_at(image, section->sh_offset, section->sh_size);

	return (struct span){ at, at ? at + section->sh_size : NULL };
}

static void take_symbols(struct image *image, const Elf64_Shdr *sections, unsigned int nr, unsigned int index)
{
	const Elf64_Shdr *section = &sections[index];

	if (section->sh_link >= nr || section->sh_entsize != sizeof(Elf64_Sym))
		return;
	image->symbols = section_span(image, section);
	image->strings = section_span(image, &sections[section->sh_link]);
	/* Names are read up to their zero: the last byte must be one. */
	if (!image->strings.at || image->strings.at == image->strings.end || image->strings.end[-1])
		image->symbols = (struct span){ 0 };
}

static void take_section(struct image *image, const char *name, const Elf64_Shdr *section)
{
	static const struct {
		const char	*name;
		size_t		at;
	} wanted[] = {
		{ ".debug_info", offsetof(struct image, info) },
		{ ".debug_abbrev", offsetof(struct image, abbrev) },
		{ ".debug_line", offsetof(struct image, line) },
		{ ".debug_line_str", offsetof(struct image, line_str) },
		{ ".debug_str", offsetof(struct image, str) },
		{ ".debug_str_offsets", offsetof(struct image, str_offsets) },
		{ ".debug_addr", offsetof(struct image, addr) },
		{ ".debug_ranges", offsetof(struct image, ranges) },
		{ ".debug_rnglists", offsetof(struct image, rnglists) },
		{ ".debug_aranges", offsetof(struct image, aranges) },
		{ ".eh_frame", offsetof(struct image, eh_frame) },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strcmp(name, wanted[i].name))
			*(struct span *)((char *)image + wanted[i].at) = section_span(image, section);
	if (!strcmp(name, ".eh_frame"))
		image->eh_frame_addr = section->sh_addr;
}

static void read_sections(struct image *image, const Elf64_Ehdr *head)
{
	const Elf64_Shdr *sections;
	struct span names;
	unsigned int nr = head->e_shnum;

	if (head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shstrndx >= nr)
		return;
	sections = file_at(image, head->e_shoff, (uint64_t)nr * sizeof(*sections));
	if (!sections)
		return;
	names = section_span(image, &sections[head->e_shstrndx]);
	if (!names.at || names.at == names.end || names.end[-1])
		return;
	for (unsigned int i = 0; i < nr; i++) {
		if (sections[i].sh_type == SHT_SYMTAB || (sections[i].sh_type == SHT_DYNSYM && !image->symbols.at))
			take_symbols(image, sections, nr, i);
		else if (sections[i].sh_name < (size_t)(names.end - names.at))
			take_section(image, (const char *)names.at + sections[i].sh_name, &sections[i]);
	}
}

static bool read_head(struct image *image)
{
	const Elf64_Ehdr *head = file_at(image, 0, sizeof(*head));

	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_ident[EI_CLASS] != ELFCLASS64 ||
	    head->e_machine != EM_X86_64 || head->e_phentsize != sizeof(Elf64_Phdr))
		return false;
	image->segments = file_at(image, head->e_phoff, (uint64_t)head->e_phnum * sizeof(Elf64_Phdr));
	if (!image->segments)
		return false;
	image->nr_segments = head->e_phnum;
	for (unsigned int i = 0; i < head->e_phnum; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		const uint8_t *at;

		if (segment->p_type != PT_GNU_EH_FRAME)
			continue;
		at = image_at(image, segment->p_vaddr, segment->p_filesz);
		image->eh_frame_hdr = (struct span){ at, at ? at + segment->p_filesz : NULL };
		image->eh_frame_hdr_addr = segment->p_vaddr;
	}
	read_sections(image, head);
	return true;
}

bool image_is_deleted(const char *path)
{
	size_t length = strlen(path), suffix = strlen(IMAGE_DELETED);

	return length > suffix && !strcmp(path + length - suffix, IMAGE_DELETED);
}

static void take_stamp(const char *path, uint64_t stamp[4])
{
	struct stat stat_of = { 0 };

	if (path[0] != '/' || stat(path, &stat_of) < 0)
		stat_of = (struct stat){ 0 };
	stamp[0] = stat_of.st_dev;
	stamp[1] = stat_of.st_ino;
	stamp[2] = (uint64_t)stat_of.st_size;
	stamp[3] = (uint64_t)stat_of.st_mtim.tv_sec * 1000000000 + (uint64_t)stat_of.st_mtim.tv_nsec;
}

bool image_is_current(const struct image *image)
{
	uint64_t now[4];

	take_stamp(image->path, now);
	return !memcmp(now, image->stamp, sizeof(now));
}

struct image *image_named_only(struct arena *arena, const char *path)
{
	struct image *image = arena_take(arena, sizeof(*image));
	size_t length = strlen(path);
	const char *slash;

	if (!image)
		return NULL;
	memset(image, 0, sizeof(*image));
	image->path = arena_text(arena, path, length);
	if (!image->path)
		return NULL;
	take_stamp(path, image->stamp);
	slash = strrchr(image->path, '/');
	image->name = slash ? slash + 1 : image->path;
	if (image_is_deleted(path))
		image->name = arena_text(arena, image->name, strlen(image->name) - strlen(IMAGE_DELETED));
	return image->name ? image : NULL;
}

struct image *image_of_memory(struct arena *arena, const char *path, const void *data, size_t size)
{
	struct image *image = image_named_only(arena, path);

	if (!image)
		return NULL;
	image->data = data;
	image->size = size;
	return read_head(image) ? image : NULL;
}

/*
 * A page of another file's follows: elfutils takes neighbours in /proc/PID/maps with one name for one mapping, from
 * the first of them on, and would know no function of a file that lies above what is mapped here.
 */
static void *map_file(int fd, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = ((size + page - 1) & -page) + page;
	char *at = mmap(NULL, bytes, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	if (mmap(at, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED) {
		munmap(at, bytes);
		return NULL;
	}
	return at;
}

static void unmap_file(const void *at, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	munmap((void *)at, ((size + page - 1) & -page) + page);
}

struct image *image_open(struct arena *arena, const char *file, const char *path)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct image *image = NULL;
	struct stat stat;
	void *data;

	if (fd < 0)
		return NULL;
	/* A directory or a device named in somebody's map is no image; neither is a file cut to nothing. */
	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || stat.st_size < (off_t)sizeof(Elf64_Ehdr))
		goto out;
	data = map_file(fd, (size_t)stat.st_size);
	if (!data)
		goto out;
	image = image_of_memory(arena, path, data, (size_t)stat.st_size);
	if (image)
		image->mapped = true;
	else
		unmap_file(data, (size_t)stat.st_size);
out:
	close(fd);
	return image;
}

void image_close(struct image *image)
{
	if (image->mapped)
		unmap_file(image->data, image->size);
	image->mapped = false;
}

/* ---- symbols ------------------------------------------------------------------- */

static const Elf64_Sym *symbol(const struct image *image, uint32_t index)
{
	return (const Elf64_Sym *)image->symbols.at + index;
}

static bool names_code_or_data(const struct image *image, const Elf64_Sym *symbol)
{
	unsigned int type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
	       (type == STT_FUNC || type == STT_OBJECT || type == STT_GNU_IFUNC || type == STT_NOTYPE) &&
	       symbol->st_name < (size_t)(image->strings.end - image->strings.at);
}

static bool before(const struct image *image, uint32_t a, uint32_t b)
{
	const Elf64_Sym *x = symbol(image, a), *y = symbol(image, b);

	/* Of two at one address the longer one counts: the other marks a place in it. */
	return x->st_value != y->st_value ? x->st_value < y->st_value : x->st_size < y->st_size;
}

static void sift(const struct image *image, uint32_t *heap, uint32_t root, uint32_t nr)
{
	for (;;) {
		uint32_t child = 2 * root + 1, swap;

		if (child >= nr)
			return;
		if (child + 1 < nr && before(image, heap[child], heap[child + 1]))
			child++;
		if (!before(image, heap[root], heap[child]))
			return;
		swap = heap[root];
		heap[root] = heap[child];
		heap[child] = swap;
		root = child;
	}
}

static void sort_symbols(struct image *image, struct arena *arena)
{
	uint32_t nr = (uint32_t)((size_t)(image->symbols.end - image->symbols.at) / sizeof(Elf64_Sym));
	uint32_t *order = arena_take(arena, nr * sizeof(*order)), used = 0;

	if (!order)
		return;
	for (uint32_t i = 0; i < nr; i++)
		if (names_code_or_data(image, symbol(image, i)))
			order[used++] = i;
	for (uint32_t i = used / 2; i-- > 0;)
		sift(image, order, i, used);
	for (uint32_t i = used; i-- > 1;) {
		uint32_t swap = order[0];

		order[0] = order[i];
		order[i] = swap;
		sift(image, order, 0, i);
	}
	image->order = order;
	image->nr_order = used;
}

const char *image_symbol(struct image *image, struct arena *arena, uint64_t addr, uint64_t *start)
{
	uint32_t low = 0, high;

	if (!image->symbols.at)
		return NULL;
	if (!image->order)
		sort_symbols(image, arena);
	high = image->nr_order;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbol(image, image->order[middle])->st_value <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	/* Marks without a size may stand inside a function: look behind them for one that reaches @addr. */
	for (uint32_t back = 0; low && back < 8; back++, low--) {
		const Elf64_Sym *found = symbol(image, image->order[low - 1]);

		if (addr - found->st_value < found->st_size || (!found->st_size && !back &&
		    ELF64_ST_TYPE(found->st_info) != STT_NOTYPE)) {
			*start = found->st_value;
			return (const char *)image->strings.at + found->st_name;
		}
	}
	return NULL;
}

uint64_t image_find(const struct image *image, const char *name)
{
	uint32_t nr = (uint32_t)((size_t)(image->symbols.end - image->symbols.at) / sizeof(Elf64_Sym));

	for (uint32_t i = 0; i < nr; i++)
		if (names_code_or_data(image, symbol(image, i)) &&
		    !strcmp((const char *)image->strings.at + symbol(image, i)->st_name, name))
			return symbol(image, i)->st_value;
	return 0;
}

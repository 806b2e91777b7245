/* SPDX-License-Identifier: MIT */
/*
 * elf.c - reads shared objects; see elf.h. ELF-64 as in the gABI, chapter 4.
 *
 * Invariant: names, infos and needed end in a zero byte, so that every string which
 * starts inside them ends inside them.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/elf.h"
#include "host/host.h"
#include "sys_mem.h"

#if defined(__x86_64__)
#define MACHINE		EM_X86_64
#define MACHINE_NAME	"x86-64"
#elif defined(__aarch64__)
#define MACHINE		EM_AARCH64
#define MACHINE_NAME	"AArch64"
#elif defined(__riscv)
#define MACHINE		EM_RISCV
#define MACHINE_NAME	"RISC-V"
#else
#error "which machine?"
#endif

#define SECTIONS_MAX	4096u
#define SECTION_BYTES_MAX (16ul << 20)	/* of one that is read */

struct blob {
	char		*data;
	unsigned long	bytes;
};

struct host_elf {
	struct blob	symbols, names, infos, depends, dynamic, needed;
	unsigned int	nr_symbols, nr_exports;
	const char	**exports;	/* sorted */
	unsigned long	size;
};

struct reader {
	int		fd;
	unsigned long	file_bytes;
	const char	*path;
	char		*why;
	unsigned long	why_bytes;
};

__attribute__((format(printf, 3, 4)))
static int refuse(struct reader *reader, int err, const char *format, ...)
{
	int len = snprintf(reader->why, reader->why_bytes, "%s: ", reader->path);
	va_list args;

	if (len >= 0 && (unsigned long)len < reader->why_bytes) {
		va_start(args, format);
		vsnprintf(reader->why + len, reader->why_bytes - (unsigned long)len, format, args);
		va_end(args);
	}
	return err;
}

/* @bytes at @offset into new memory, and a zero byte behind. */
static int read_blob(struct reader *reader, struct blob *blob, unsigned long offset, unsigned long bytes)
{
	ssize_t done;

	if (offset > reader->file_bytes || bytes > reader->file_bytes - offset || bytes > SECTION_BYTES_MAX)
		return refuse(reader, -ENOEXEC, "is cut short: a section lies at %lu to %lu, the file has %lu bytes",
			      offset, offset + bytes, reader->file_bytes);
	blob->data = mem_alloc(bytes + 1, "elf");
	if (!blob->data)
		return refuse(reader, -ENOMEM, "no memory");
	done = pread(reader->fd, blob->data, bytes, (off_t)offset);
	if (done < 0)
		return refuse(reader, -errno, "cannot be read: %s", strerror(errno));
	if ((unsigned long)done != bytes)
		return refuse(reader, -ENOEXEC, "is cut short");
	blob->data[bytes] = 0;
	blob->bytes = bytes;
	return 0;
}

/* ---- what kind of file it is -------------------------------------------------------- */

static int check_header(struct reader *reader, const Elf64_Ehdr *header)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG))
		return refuse(reader, -ENOEXEC, "is no ELF file: it begins with %02x %02x %02x %02x",
			      header->e_ident[0], header->e_ident[1], header->e_ident[2], header->e_ident[3]);
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(reader, -ENOEXEC, "is a 32-bit object; this host is 64-bit");
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return refuse(reader, -ENOEXEC, "is big-endian; this host is little-endian");
	if (header->e_machine != MACHINE)
		return refuse(reader, -ENOEXEC, "is for machine %u, this host is %s (%u)", header->e_machine,
			      MACHINE_NAME, MACHINE);
	if (header->e_type == ET_REL)
		return refuse(reader, -ENOEXEC, "is an object file, such as a kernel's .ko; "
			      "modules of this host are shared objects: ring3 build makes them from sources");
	if (header->e_type != ET_DYN)
		return refuse(reader, -ENOEXEC, "is no shared object (ELF type %u)", header->e_type);
	if (!header->e_shoff || !header->e_shnum || header->e_shentsize != sizeof(Elf64_Shdr))
		return refuse(reader, -ENOEXEC, "has no section headers: it was stripped of them");
	if (header->e_shnum > SECTIONS_MAX || header->e_shstrndx >= header->e_shnum)
		return refuse(reader, -ENOEXEC, "has broken section headers");
	return 0;
}

static int open_file(struct reader *reader, Elf64_Ehdr *header)
{
	struct stat st;
	ssize_t done;

	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reader->fd < 0)
		return refuse(reader, -errno, "cannot be opened: %s", strerror(errno));
	if (fstat(reader->fd, &st) || !S_ISREG(st.st_mode))
		return refuse(reader, S_ISDIR(st.st_mode) ? -EISDIR : -ENOEXEC, "is no regular file");
	reader->file_bytes = (unsigned long)st.st_size;
	memset(header, 0, sizeof(*header));
	done = pread(reader->fd, header, sizeof(*header), 0);
	if (done < 0)
		return refuse(reader, -errno, "cannot be read: %s", strerror(errno));
	if (done >= SELFMAG && memcmp(header->e_ident, ELFMAG, SELFMAG))
		return check_header(reader, header);
	if (done < (ssize_t)sizeof(*header))
		return refuse(reader, -ENOEXEC, "is no ELF file: it has %ld bytes only", (long)done);
	return check_header(reader, header);
}

/* ---- sections ------------------------------------------------------------------------ */

static int read_symbols(struct reader *reader, struct host_elf *elf, const Elf64_Shdr *sections, unsigned int nr,
			const Elf64_Shdr *section)
{
	int rc;

	if (elf->symbols.data || section->sh_link >= nr)
		return refuse(reader, -ENOEXEC, "has broken dynamic symbols");
	rc = read_blob(reader, &elf->symbols, section->sh_offset, section->sh_size);
	if (!rc)
		rc = read_blob(reader, &elf->names, sections[section->sh_link].sh_offset,
			       sections[section->sh_link].sh_size);
	elf->nr_symbols = (unsigned int)(elf->symbols.bytes / sizeof(Elf64_Sym));
	return rc;
}

static int read_section(struct reader *reader, struct host_elf *elf, const Elf64_Shdr *sections, unsigned int nr,
			const Elf64_Shdr *section, const struct blob *titles)
{
	const char *title = section->sh_name < titles->bytes ? titles->data + section->sh_name : "";
	int rc = 0;

	if (section->sh_type == SHT_DYNSYM)
		return read_symbols(reader, elf, sections, nr, section);
	if (section->sh_type == SHT_PROGBITS && !strcmp(title, ".modinfo") && !elf->infos.data)
		return read_blob(reader, &elf->infos, section->sh_offset, section->sh_size);
	if (section->sh_type == SHT_PROGBITS && !strcmp(title, ".ring3.depends") && !elf->depends.data)
		return read_blob(reader, &elf->depends, section->sh_offset, section->sh_size);
	if (section->sh_type == SHT_DYNAMIC && !elf->dynamic.data && section->sh_link < nr) {
		rc = read_blob(reader, &elf->dynamic, section->sh_offset, section->sh_size);
		if (!rc)
			rc = read_blob(reader, &elf->needed, sections[section->sh_link].sh_offset,
				       sections[section->sh_link].sh_size);
	}
	if (section->sh_flags & SHF_ALLOC && !(section->sh_type == SHT_NOBITS && !strcmp(title, ".percpu_copies")))
		elf->size += section->sh_size;
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_exports(struct reader *reader, struct host_elf *elf)
{
	enum host_elf_kind kind;
	const char *name;

	elf->exports = mem_alloc((elf->nr_symbols + 1) * sizeof(*elf->exports), "elf");
	if (!elf->exports)
		return refuse(reader, -ENOMEM, "no memory");
	for (unsigned int i = 0; (name = host_elf_symbol(elf, i, &kind)); i++)
		if (kind == HOST_ELF_EXPORT || kind == HOST_ELF_WEAK_EXPORT)
			elf->exports[elf->nr_exports++] = name;
	qsort(elf->exports, elf->nr_exports, sizeof(*elf->exports), by_name);
	return 0;
}

static int read_sections(struct reader *reader, struct host_elf *elf, const Elf64_Ehdr *header)
{
	struct blob table = { 0 }, titles = { 0 };
	const Elf64_Shdr *sections;
	int rc = read_blob(reader, &table, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr));

	sections = (const Elf64_Shdr *)table.data;
	if (!rc)
		rc = read_blob(reader, &titles, sections[header->e_shstrndx].sh_offset,
			       sections[header->e_shstrndx].sh_size);
	for (unsigned int i = 0; !rc && i < header->e_shnum; i++)
		rc = read_section(reader, elf, sections, header->e_shnum, &sections[i], &titles);
	if (!rc && !elf->symbols.data)
		rc = refuse(reader, -ENOEXEC, "has no dynamic symbols");
	if (!rc)
		rc = sort_exports(reader, elf);
	mem_free(table.data, "elf");
	mem_free(titles.data, "elf");
	return rc;
}

/* ---- the interface -------------------------------------------------------------------- */

struct host_elf *host_elf_open(const char *path, int *err, char *why, unsigned long bytes)
{
	struct reader reader = { .fd = -1, .path = path, .why = why, .why_bytes = bytes };
	struct host_elf *elf = mem_zalloc(sizeof(*elf), "elf");
	Elf64_Ehdr header;

	if (elf)
		*err = open_file(&reader, &header);
	else
		*err = refuse(&reader, -ENOMEM, "no memory");
	if (!*err)
		*err = read_sections(&reader, elf, &header);
	if (reader.fd >= 0)
		close(reader.fd);
	if (!*err)
		return elf;
	host_elf_close(elf);
	return NULL;
}

void host_elf_close(struct host_elf *elf)
{
	if (!elf)
		return;
	mem_free(elf->symbols.data, "elf");
	mem_free(elf->names.data, "elf");
	mem_free(elf->infos.data, "elf");
	mem_free(elf->depends.data, "elf");
	mem_free(elf->dynamic.data, "elf");
	mem_free(elf->needed.data, "elf");
	mem_free(elf->exports, "elf");
	mem_free(elf, "elf");
}

unsigned long host_elf_size(const struct host_elf *elf)
{
	return elf->size;
}

const char *host_elf_modinfo(const struct host_elf *elf, const char *tag, unsigned int nth)
{
	unsigned long length = strlen(tag);
	const char *text = elf->infos.data, *end = text + elf->infos.bytes;

	for (; text && text < end; text += strlen(text) + 1)
		if (!strncmp(text, tag, length) && text[length] == '=' && !nth--)
			return text + length + 1;
	return NULL;
}

unsigned long host_elf_depends(const struct host_elf *elf, unsigned int nth, const char **path)
{
	unsigned long length;

	for (const char *text = elf->depends.data; text && *text; text += length + 1) {
		length = strcspn(text, "\n");
		*path = text;
		if (!nth--)
			return length;
		if (!text[length])
			break;
	}
	return 0;
}

const char *host_elf_symbol(const struct host_elf *elf, unsigned int at, enum host_elf_kind *kind)
{
	const Elf64_Sym *symbol = (const Elf64_Sym *)elf->symbols.data + at;
	int bind;

	if (at >= elf->nr_symbols)
		return NULL;
	bind = ELF64_ST_BIND(symbol->st_info);
	*kind = HOST_ELF_OTHER;
	if (symbol->st_name >= elf->names.bytes || !elf->names.data[symbol->st_name])
		return "";
	if (symbol->st_shndx == SHN_UNDEF)
		*kind = bind == STB_WEAK ? HOST_ELF_WEAK_WANT : bind == STB_GLOBAL ? HOST_ELF_WANT : HOST_ELF_OTHER;
	else if (ELF64_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT && symbol->st_shndx != SHN_ABS)
		*kind = bind == STB_WEAK ? HOST_ELF_WEAK_EXPORT : bind == STB_LOCAL ? HOST_ELF_OTHER : HOST_ELF_EXPORT;
	return elf->names.data + symbol->st_name;
}

int host_elf_exports(const struct host_elf *elf, const char *name)
{
	return bsearch(&name, elf->exports, elf->nr_exports, sizeof(*elf->exports), by_name) != NULL;
}

const char *host_elf_needed(const struct host_elf *elf, unsigned int nth)
{
	const Elf64_Dyn *entry = (const Elf64_Dyn *)elf->dynamic.data;
	unsigned long nr = elf->dynamic.bytes / sizeof(*entry);

	for (unsigned long i = 0; i < nr && entry[i].d_tag != DT_NULL; i++)
		if (entry[i].d_tag == DT_NEEDED && entry[i].d_un.d_val < elf->needed.bytes && !nth--)
			return elf->needed.data + entry[i].d_un.d_val;
	return NULL;
}

/* The first function of the table @symbols that @offset lies in. */
static const char *function_at(const struct blob *symbols, const struct blob *names, unsigned long offset)
{
	const Elf64_Sym *symbol = (const Elf64_Sym *)symbols->data;

	for (unsigned long i = 0; i < symbols->bytes / sizeof(*symbol); i++)
		if (ELF64_ST_TYPE(symbol[i].st_info) == STT_FUNC && offset >= symbol[i].st_value &&
		    offset - symbol[i].st_value < symbol[i].st_size && symbol[i].st_name < names->bytes)
			return names->data + symbol[i].st_name;
	return NULL;
}

void host_elf_function(const char *path, unsigned long offset, char *buf, unsigned long bytes)
{
	char why[200];
	struct reader reader = { .fd = -1, .path = path, .why = why, .why_bytes = sizeof(why) };
	struct blob table = { 0 }, symbols = { 0 }, names = { 0 };
	const Elf64_Shdr *sections;
	const char *name = NULL;
	Elf64_Ehdr header;

	if (open_file(&reader, &header) || read_blob(&reader, &table, header.e_shoff,
						     header.e_shnum * sizeof(Elf64_Shdr)))
		goto out;
	sections = (const Elf64_Shdr *)table.data;
	for (unsigned int i = 0; i < header.e_shnum && !name; i++) {
		const Elf64_Shdr *section = &sections[i];

		if (section->sh_type != SHT_SYMTAB || section->sh_link >= header.e_shnum || symbols.data)
			continue;
		if (read_blob(&reader, &symbols, section->sh_offset, section->sh_size) ||
		    read_blob(&reader, &names, sections[section->sh_link].sh_offset,
			      sections[section->sh_link].sh_size))
			break;
		name = function_at(&symbols, &names, offset);
	}
out:
	if (name && *name)
		snprintf(buf, bytes, "%s", name);
	else
		snprintf(buf, bytes, "+%#lx", offset);
	if (reader.fd >= 0)
		close(reader.fd);
	mem_free(table.data, "elf");
	mem_free(symbols.data, "elf");
	mem_free(names.data, "elf");
}

struct host_elf *host_elf_self(int *err, char *why, unsigned long bytes)
{
	Dl_info info;

	if (!dladdr((void *)(unsigned long)host_elf_self, &info) || !info.dli_fname) {
		struct reader reader = { .path = "libring3.so", .why = why, .why_bytes = bytes };

		*err = refuse(&reader, -ENOENT, "is not where it was");
		return NULL;
	}
	return host_elf_open(info.dli_fname, err, why, bytes);
}

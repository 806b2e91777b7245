/* SPDX-License-Identifier: MIT */
#ifndef RING3_HOST_ELF_H
#define RING3_HOST_ELF_H

/*
 * elf.h - what stands in a shared object, read before any of its code runs: names it
 * exports and wants, libraries it needs, its .modinfo. Builtin types only.
 *
 * The file may hold anything: every offset is checked, and a copy is kept, so that a
 * file which is overwritten later changes nothing. Threads: one at a time per struct.
 */
struct host_elf;

/* NULL: *@err is -errno and @why one sentence. Free with host_elf_close(). */
struct host_elf *host_elf_open(const char *path, int *err, char *why, unsigned long bytes);
void host_elf_close(struct host_elf *elf);

/* Address space that it fills when loaded, without the copies of per-CPU data; bytes. */
unsigned long host_elf_size(const struct host_elf *elf);

/* The value of the @nth "tag=value" in .modinfo, or NULL. */
const char *host_elf_modinfo(const struct host_elf *elf, const char *tag, unsigned int nth);

/*
 * The path of the @nth module that `ring3 build` saw it use: its length, 0 for none behind the last. No 0 is
 * behind it.
 */
unsigned long host_elf_depends(const struct host_elf *elf, unsigned int nth, const char **path);

enum host_elf_kind { HOST_ELF_OTHER, HOST_ELF_EXPORT, HOST_ELF_WEAK_EXPORT, HOST_ELF_WANT, HOST_ELF_WEAK_WANT };
/* The symbol at index @at (0, 1, ...), NULL behind the last. */
const char *host_elf_symbol(const struct host_elf *elf, unsigned int at, enum host_elf_kind *kind);
/* Does it export @name, weakly or not? O(log n). */
int host_elf_exports(const struct host_elf *elf, const char *name);

/* The @nth shared object that it was linked against, or NULL. */
const char *host_elf_needed(const struct host_elf *elf, unsigned int nth);

/*
 * The function at @offset of the file at @path, by its full symbol table: "name", or where
 * there is none "+0x1234". For messages: reads the file again.
 */
void host_elf_function(const char *path, unsigned long offset, char *buf, unsigned long bytes);

/* libring3.so as it is loaded here; NULL and *@err as above. */
struct host_elf *host_elf_self(int *err, char *why, unsigned long bytes);

/*
 * The header of Linux 6.1 that declares @name, of those that the table knows, or NULL;
 * *@bytes is its length. "linux/slab.h" for "kfree".
 */
const char *host_symbol_header(const char *name, unsigned long *bytes);

#endif /* RING3_HOST_ELF_H */

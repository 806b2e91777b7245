/* SPDX-License-Identifier: MIT */
/* process.c - memory, threads, time, output and shared objects of the host process. See host.h. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fnmatch.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "host/host.h"
#include "sys_mem.h"
#include "sys_nofault.h"

/* ---- memory ---------------------------------------------------------------- */

/* What the engine's checks are told: where in the caller's code, when they are on. */
static const char *whence(const void *site, const char *plain)
{
	static int checks = -1;		/* does not change once it is known */
	int on = __atomic_load_n(&checks, __ATOMIC_RELAXED);

	if (__builtin_expect(on < 0, 0)) {
		on = mem_check_levels() != 0;
		__atomic_store_n(&checks, on, __ATOMIC_RELAXED);
	}
	return on ? diag_site_string(site, plain) : plain;
}

void *host_alloc(host_size bytes, const void *site) { return mem_alloc(bytes, whence(site, "kmalloc")); }

void host_free(const void *addr, const void *site)
{
	if (__builtin_expect(diag_lockdep_on, 0) && addr)
		diag_free_check(addr, mem_size(addr), site);
	mem_free(addr, whence(site, "kfree"));
}

host_size host_alloc_size(const void *addr) { return mem_size(addr); }
int host_region_has(const void *addr) { return sys_region_has(addr); }

void *host_region(host_size *bytes)
{
	*bytes = sys_region_bytes();
	return sys_region_base();
}

void *host_pages_alloc(unsigned int order) { return sys_pages_alloc(order, "alloc_pages"); }
void host_pages_free(void *addr, unsigned int order) { sys_pages_free(addr, order, "__free_pages"); }

void *host_cache_create(const char *name, host_size bytes, host_size align)
{
	return mem_cache_create(name, bytes, align);
}

unsigned int host_cache_index(const void *cache) { return mem_cache_index(cache); }
int host_cache_destroy(void *cache) { return mem_cache_destroy(cache); }
void *host_cache_alloc(void *cache, const void *site)
{
	return mem_cache_alloc(cache, whence(site, "kmem_cache_alloc"));
}

void host_cache_free(void *cache, void *obj, const void *site)
{
	mem_cache_free(cache, obj, whence(site, "kmem_cache_free"));
}


void *host_map(host_size bytes)
{
	void *addr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return addr == MAP_FAILED ? NULL : addr;
}

void host_unmap(void *addr, host_size bytes) { munmap(addr, bytes); }
void host_release(void *addr, host_size bytes) { madvise(addr, bytes, MADV_DONTNEED); }

int host_peek(void *to, const void *from, host_size bytes)
{
	struct iovec here = { to, bytes }, there = { (void *)from, bytes };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)bytes ? 0 : -EFAULT;
}

/* futex(2), FUTEX_WAKE_OP: the kernel adds 0 to the word, atomically, and says whether it could. */
int host_touch(const void *addr)
{
	host_u32 nobody = 0, *word = (host_u32 *)((uintptr_t)addr & ~3ul);
	long add_0 = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 0);

	return syscall(SYS_futex, &nobody, FUTEX_WAKE_OP_PRIVATE, 0, 0, word, add_0) < 0 ? -EFAULT : 0;
}

/* ---- time and threads --------------------------------------------------------- */

unsigned long long host_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

unsigned long long host_clock_ns(int clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

int host_tid(void) { return (int)syscall(SYS_gettid); }

int host_futex_wait(host_u32 *word, host_u32 expected, unsigned long long timeout_ns)
{
	struct timespec limit = { (time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u) };

	return syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns ? &limit : NULL) < 0 ? -errno : 0;
}

void host_futex_wake(host_u32 *word, int nr)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, nr);
}

struct start {
	void	(*fn)(void *arg);
	void	*arg;
	char	name[16];
};

/* Where host_thread_exit() goes: frames of modules are left at once, not unwound, for they may be gone soon. */
struct exit_point {
	jmp_buf	env;
	void	(*then)(void *arg);
	void	*arg;
};

static __thread struct exit_point *exit_point;

static void *thread_main(void *arg)
{
	struct start start = *(struct start *)arg;
	struct exit_point here;

	free(arg);
	diag_thread_enter();
	nofault_thread_enter();
	pthread_setname_np(pthread_self(), start.name);
	exit_point = &here;
	if (!_setjmp(here.env))
		start.fn(start.arg);
	else
		exit_point->then(exit_point->arg);
	return NULL;
}

int host_thread_start(void (*fn)(void *arg), void *arg, const char *name)
{
	struct start *start = malloc(sizeof(*start));
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (!start)
		return -ENOMEM;
	start->fn = fn;
	start->arg = arg;
	snprintf(start->name, sizeof(start->name), "%s", name);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, thread_main, start);
	pthread_attr_destroy(&attr);
	if (rc)
		free(start);
	return -rc;
}

void host_thread_exit(void (*then)(void *arg), void *arg)
{
	exit_point->then = then;
	exit_point->arg = arg;
	_longjmp(exit_point->env, 1);
}

int host_barrier_init(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) < 0 ? -errno : 0;
}

void host_barrier(void)
{
	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
		return;
	/* It worked at the start: so this is a child process, which has to ask again. */
	if (host_barrier_init() || syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) < 0) {
		perror("ring3: membarrier(2) worked as the kernel was started, and fails now");
		abort();
	}
}

static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static void (*exit_fn)(void *arg);	/* atomic; the same from every thread */

static void thread_exits(void *arg)
{
	__atomic_load_n(&exit_fn, __ATOMIC_ACQUIRE)(arg);
}

static void exit_init(void)
{
	pthread_key_create(&exit_key, thread_exits);
}

void host_at_thread_exit(void (*fn)(void *arg), void *arg)
{
	__atomic_store_n(&exit_fn, fn, __ATOMIC_RELEASE);
	pthread_once(&exit_once, exit_init);
	pthread_setspecific(exit_key, arg);
}

void host_yield(void) { sched_yield(); }

void host_sleep_ns(unsigned long long ns)
{
	struct timespec left = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* ---- output --------------------------------------------------------------------- */

void host_write_stderr(const char *text, host_size bytes)
{
	while (bytes) {
		ssize_t done = write(STDERR_FILENO, text, bytes);

		if (done <= 0)
			return;
		text += done;
		bytes -= (host_size)done;
	}
}

void host_backtrace(void)
{
	void *frames[48];

	if (diag_backtrace(STDERR_FILENO) == 0)
		return;
	backtrace_symbols_fd(frames, backtrace(frames, 48), STDERR_FILENO);
}

unsigned long host_free_pages(void)
{
	long pages = sysconf(_SC_AVPHYS_PAGES);

	return pages < 0 ? 0 : (unsigned long)pages;
}

int host_stack(void **frames, int most) { return backtrace(frames, most); }

int host_vsnprintf(char *buf, host_size size, const char *fmt, __builtin_va_list args)
{
	return vsnprintf(buf, size, fmt, args);
}

void host_abort(void) { abort(); }
void host_exit(int status) { exit(status); }

int host_symbol(const void *addr, const char **name, const char **object, host_size *offset)
{
	Dl_info info;

	if (!dladdr(addr, &info) || !info.dli_sname)
		return -ENOENT;
	*name = info.dli_sname;
	*object = strrchr(info.dli_fname, '/') ? strrchr(info.dli_fname, '/') + 1 : info.dli_fname;
	*offset = (host_size)((const char *)addr - (const char *)info.dli_saddr);
	return 0;
}

/* Is it in a segment of an object file that cannot be written? */
static int rodata_of(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t addr = (uintptr_t)*(const void **)arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && addr >= from && addr < from + ph->p_memsz)
			return ph->p_flags & PF_W ? 2 : 1;
	}
	return 0;
}

int host_is_rodata(const void *addr) { return dl_iterate_phdr(rodata_of, &addr) == 1; }

long host_cmdline(char *buf, host_size bytes)
{
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t done;

	if (fd < 0)
		return -errno;
	done = read(fd, buf, bytes);
	close(fd);
	return done < 0 ? -errno : done;
}

void host_random(void *buf, host_size bytes)
{
	if (getrandom(buf, bytes, 0) != (ssize_t)bytes)
		abort();	/* cannot be for less than 256 bytes, and no caller may go on without */
}

int host_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void host_eventfd_signal(int fd)
{
	unsigned long long one = 1;

	/* EAGAIN: 2^64 signals nobody read; it is readable already. */
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

void host_close(int fd) { close(fd); }

/* ---- folders -------------------------------------------------------------------------- */

static int is_module(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 6 && !strcmp(entry->d_name + length - 6, ".ko.so");
}

int host_each_module(const char *path, unsigned int most, int (*each)(void *arg, const char *name), void *arg)
{
	struct dirent **entries;
	int nr = scandir(path, &entries, is_module, alphasort), rc;

	if (nr < 0)
		return -errno;
	rc = nr > (int)most ? -E2BIG : 0;
	for (int i = 0; i < nr; i++) {
		if (!rc)
			rc = each(arg, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int host_glob(const char *pattern, const char *text)
{
	return !fnmatch(pattern, text, 0);
}

/* ---- shared objects ---------------------------------------------------------------- */

void *host_dlopen(const char *path, char *why, host_size bytes)
{
	char file[4096];
	void *handle;

	/* A name without a slash is a file here, not one the dynamic linker searches for. */
	snprintf(file, sizeof(file), "%s%s", strchr(path, '/') ? "" : "./", path);
	handle = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
	if (!handle)
		snprintf(why, bytes, "%s", dlerror());
	return handle;
}

struct range {
	unsigned long base, begin, end;
};

static int find_range(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct range *range = arg;

	(void)size;
	if (info->dlpi_addr != range->base)
		return 0;
	range->begin = ~0ul;
	range->end = 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		unsigned long from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		if (from < range->begin)
			range->begin = from;
		if (from + info->dlpi_phdr[i].p_memsz > range->end)
			range->end = from + info->dlpi_phdr[i].p_memsz;
	}
	return 1;
}

void host_dlrange(void *handle, unsigned long *begin, unsigned long *end)
{
	struct range range = { 0 };
	struct link_map *map;

	if (!dlinfo(handle, RTLD_DI_LINKMAP, &map)) {
		range.base = map->l_addr;
		dl_iterate_phdr(find_range, &range);
	}
	*begin = range.begin;
	*end = range.end;
}

const char *host_errno_name(int err) { return strerrorname_np(err); }

void *host_dlsym(void *handle, const char *name) { return dlsym(handle, name); }
void host_dlclose(void *handle) { dlclose(handle); }

/* SPDX-License-Identifier: MIT */
#ifndef RING3_DIAG_IMPL_H
#define RING3_DIAG_IMPL_H

/* diag_impl.h - private to shim/diag: what the collector's files tell each other. */
#include <poll.h>

#include "capture.h"
#include "diag.h"
#include "diag_record.h"
#include "space.h"
#include "v8.h"

/* ---- records: records.c ---------------------------------------------------------- */

enum { RECORDS_MAX = 4096 };

extern struct record diag_records[RECORDS_MAX];
extern unsigned int diag_nr_records;	/* those behind were never used; atomic */

/* The calling thread's, or NULL when all are taken. */
struct record *record_self(void);
struct record *record_of(int tid);
/* A copy as of now. */
void record_read(const struct record *record, struct record *copy);

/* How often and how long somebody waited, by the place that waited. */
struct contention {
	const void	*site;		/* NULL = free */
	uint32_t	kind;
	uint64_t	count, wait_ns, wait_max_ns;
};
enum { CONTENTION_MAX = 512 };
extern struct contention diag_contention[CONTENTION_MAX];

/* ---- lock order: lockdep.c -------------------------------------------------------- */

struct finding {
	const char	*what;			/* "circular locking", ... */
	const char	*names[4];		/* of classes, NULL = made of sites */
	const void	*sites[4];		/* pairs: had at, wanted at */
	const void	*classes[2];
	const void	*stack[16];
	uint32_t	nr_stack, nr_path;
	int		tid;
	const char	*where;
};
enum { FINDINGS_MAX = 64 };

void lockdep_got(struct record *record, const void *lock, unsigned int kind, const void *site);
unsigned int lockdep_nr_findings(void);
const struct finding *lockdep_finding(unsigned int index);
/* Name of a lock's class; NULL = none. */
const char *lockdep_name(const void *lock);
void lockdep_report(const char *what, const void *site, const void *other, const void *object);
void lockdep_numbers(unsigned int *classes, unsigned int *edges);

/* ---- threads: threads.c ------------------------------------------------------------ */

enum { THREADS_MAX = 16384 };

struct stack {
	struct frame	*frames;
	unsigned int	nr;
	uint64_t	hash;
	unsigned int	index, nr_threads;
	bool		js;		/* has JavaScript: never shared */
};

struct thread {
	int		tid;
	char		name[16];
	char		state;
	const char	*role;
	uint64_t	cpu_ns, signals_blocked;
	long		syscall;	/* -1 = runs, or not known */
	uint64_t	args[3], sp, pc;
	char		wchan[32];
	bool		is_collector, answered;
	struct caught	*caught;	/* NULL = none */
	struct stack	*stack;
	int		waits_owner;	/* holds what it waits for, 0 = nobody known */
	uint64_t	waits_lock;	/* its address, 0 = for no lock */
	const char	*waits_kind;
};

struct threads {
	struct thread	*all;
	unsigned int	nr;
	struct stack	**stacks;
	unsigned int	nr_stacks, nr_silent;
};

struct dump {
	struct space	*space;
	struct v8	*v8;
	struct arena	*arena;		/* of this dump */
	struct diag_out	*out;
	struct threads	threads;
	unsigned int	sections;
	const char	*reason;
	uint64_t	started;
	int		crash_tid;
	struct caught	*crash_caught;
};

/* Find all threads, catch their stacks (unless @tid: only that one's), unwind and fold. */
void threads_collect(struct dump *dump, int only_tid);
void threads_emit(struct dump *dump);
struct thread *threads_find(struct dump *dump, int tid);
bool thread_alive(int tid);
/* A thread's numbers out of /proc. False: it is gone. */
bool thread_read(int pid, int tid, struct thread *thread);
int thread_list(int pid, struct arena *arena, int **tids);
const char *thread_role(struct space *space, const struct frame frames[], unsigned int nr);
void emit_frames(struct dump *dump, const struct frame frames[], unsigned int nr);
/* A frame a line. */
size_t frames_text(struct space *space, struct v8 *v8, const struct frame frames[], unsigned int nr, char *buf,
		   size_t bytes);
/* "function at file:line", "function+0x1" */
void site_text(struct space *space, const void *site, char *buf, size_t bytes);
const char *syscall_name(long number);

/* ---- the other sections --------------------------------------------------------------- */

/* Who waits for whom: before threads are emitted. */
void locks_analyse(struct dump *dump);
void locks_emit(struct dump *dump);
void tasks_emit(struct dump *dump);
void waits_emit(struct dump *dump);
void sites_emit(struct dump *dump);
/* "pc 0x..." in @text becomes function, file and line. */
void expand_sites(struct space *space, const char *text, char *buf, size_t bytes);
void probe_emit(struct dump *dump);
bool probe_init(void);
void watch_emit(struct dump *dump);

/* The collector's tick. */
void watch_init(void);
void watch_tick(uint64_t now);
int watch_tick_ms(void);
bool watch_wanted(void);

/* Stack of one thread as text, on the collector. */
size_t collector_stack_text(int tid, char *buf, size_t bytes);
/* Make it, and write it to @fd. 0 or -errno. On the collector. */
int collector_make_dump(struct dump *dump, bool json, int fd);
struct space *collector_space(void);
struct v8 *collector_v8(void);
struct arena *collector_arena(void);
int collector_tid(void);

/* write.c: within seconds, or not all of it. 0 or -errno. */
int collector_write(int fd, const char *from, size_t bytes);
void dump_file_init(void);
/* To the file RING3_DUMP_FILE names, or else to stderr. */
void dump_write(const char *text, size_t bytes);
/* Keep some descriptors open, and close them for who needs some; false = none are kept. */
void spares_keep(void);
bool spares_give(void);

/* listener.c */
enum { CLIENTS_MAX = 64, LISTENER_POLLS = CLIENTS_MAX + 1 };
int listener_open(void);
/* What to poll; @wait_ms (-1: for ever) becomes less where somebody's time is up before. */
unsigned int listener_poll(struct pollfd polls[LISTENER_POLLS], int *wait_ms);
void listener_run(void);
void listener_forked(void);	/* in the child: the sockets are its parent's */

/* altstack.c */
void altstack_init(void);
bool altstack_wanted(void);
void altstack_tick(void);	/* the collector's */
/* Until each thread there is has been sent its signal, which comes before all else it does; a second at most. */
void altstack_await(void);

/* crash.c */
int crash_init(void);
bool crash_pending(struct dump *dump, char *reason, size_t bytes);
void crash_emit(struct dump *dump);
void crash_done(void);
void collector_wake_for_crash(void);
bool collector_dump_crash(void);

/* Walks of event tasks: tasks.c. Calls @fn with each, its struct copied and readable. */
enum { TASKS_MAX = 1024 };
struct task_view {
	unsigned int	index;		/* below TASKS_MAX; another task's once this one is gone */
	uint64_t	addr, nr_handlers;
	int		tid;
	char		name[16];
	bool		asleep, in_round, adopted;
	uint64_t	heartbeat, longest_round_ns;
	char		running[64];	/* whence of the handler, "" = none */
};
void tasks_each(void (*fn)(void *env, const struct task_view *view), void *env);

#endif /* RING3_DIAG_IMPL_H */

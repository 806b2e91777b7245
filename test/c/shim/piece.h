/* SPDX-License-Identifier: MIT */
#ifndef RING3_TEST_PIECE_H
#define RING3_TEST_PIECE_H

/*
 * piece.h - parts of tests that need a program of their own, started anew: what
 * RING3_MEM chooses is fixed when the library is loaded.
 *
 *	PIECE(misuse) { ... }			run in the new program
 *	TEST(it) { run_with("poison", "misuse"); }
 *	PIECES_END				last of all in the file
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

struct piece {
	const char	*name;
	void		(*fn)(void);
	struct piece	*next;
};

static struct piece *pieces;

#define PIECE(piece_name)							\
	static void piece_name(void);						\
	__attribute__((constructor)) static void add_##piece_name(void)	\
	{									\
		static struct piece piece = { #piece_name, piece_name, NULL };	\
		piece.next = pieces;						\
		pieces = &piece;						\
	}									\
	static void piece_name(void)

static char said[8192];

/* Runs the piece @name under RING3_MEM=@levels; its stderr is in said[] then. Returns its wait status. */
static inline int run_with(const char *levels, const char *name)
{
	size_t used = 0;
	ssize_t more;
	int ends[2], status;
	pid_t child;

	CHECK_EQ(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		if (levels)
			setenv("RING3_MEM", levels, 1);
		else
			unsetenv("RING3_MEM");
		setenv("RING3_TEST_PIECE", name, 1);
		dup2(ends[1], STDERR_FILENO);
		execlp(program_invocation_name, program_invocation_name, NULL);
		_exit(99);
	}
	close(ends[1]);
	while ((more = read(ends[0], said + used, sizeof(said) - 1 - used)) > 0)
		used += (size_t)more;
	said[used] = 0;
	close(ends[0]);
	CHECK_EQ(waitpid(child, &status, 0), child);
	return status;
}

static inline void must_say(const char *words)
{
	if (!strstr(said, words))
		test_fail(__FILE__, __LINE__, "the report lacks \"%s\":\n%s", words, said);
}

static inline void must_work(const char *levels, const char *name)
{
	int status = run_with(levels, name);

	if (status)
		test_fail(__FILE__, __LINE__, "%s ended with %#x:\n%s", name, (unsigned int)status, said);
}

/* Last of the file's constructors, so all pieces are known. */
#define PIECES_END								\
	__attribute__((constructor)) static void run_piece(void)		\
	{									\
		const char *name = getenv("RING3_TEST_PIECE");			\
		for (struct piece *piece = name ? pieces : NULL; piece; piece = piece->next) {	\
			if (!strcmp(piece->name, name)) {			\
				piece->fn();					\
				exit(0);					\
			}							\
		}								\
	}

#endif /* RING3_TEST_PIECE_H */

/* SPDX-License-Identifier: MIT */
/*
 * provider.c - which providers there are, which work here, and which serves a file.
 *
 * A provider is asked once whether it works, when it is first considered.
 * Locking: probes_lock guards the answers; the table itself is fixed before use.
 */
#include <stdlib.h>

#include "aio_impl.h"

static struct aio_provider *providers[PROVIDERS_MAX] = {
	&uring_provider, &libaio_provider, &threads_provider, &ram_provider, &null_provider,
};
static struct answer {
	bool	asked;
	int	err;
} answers[PROVIDERS_MAX];
static pthread_mutex_t probes_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const struct aio_provider *) preferred;	/* NULL = none is */
static __thread char sentence[240];	/* what aio_file_open() points @why to */

__attribute__((constructor)) static void number_providers(void)
{
	for (unsigned int i = 0; i < PROVIDERS_MAX && providers[i]; i++)
		providers[i]->index = i;
}

void provider_add(struct aio_provider *provider)
{
	unsigned int i = 0;

	while (i < PROVIDERS_MAX && providers[i])
		i++;
	if (i == PROVIDERS_MAX)
		abort();	/* a table to enlarge, not a condition to handle */
	provider->index = i;
	providers[i] = provider;
}

static int works(const struct aio_provider *provider)
{
	struct answer *answer = &answers[provider->index];
	int err;

	pthread_mutex_lock(&probes_lock);
	if (!answer->asked) {
		answer->err = provider->probe ? provider->probe() : 0;
		answer->asked = true;
	}
	err = answer->err;
	pthread_mutex_unlock(&probes_lock);
	return err;
}

int aio_provider_get(unsigned int index, const char **name, int *err)
{
	if (index >= PROVIDERS_MAX || !providers[index])
		return -ENOENT;
	*name = providers[index]->name;
	*err = works(providers[index]);
	return 0;
}

/* "@what; there is: threads, ram, null" */
static const char *say(const char *what, const char *name, int err, bool for_files)
{
	size_t at = 0;
	int n;

	if (err)
		n = snprintf(sentence, sizeof(sentence), "%s %s here (%s); there is:", name, what, strerror(-err));
	else
		n = snprintf(sentence, sizeof(sentence), "%s '%.40s'; there is:", what, name);
	at = n < 0 ? 0 : (size_t)n;
	for (unsigned int i = 0; i < PROVIDERS_MAX && providers[i]; i++) {
		if (works(providers[i]) || (for_files && providers[i]->only_asked))
			continue;
		n = snprintf(sentence + at, sizeof(sentence) - at, "%s%s", sentence[at - 1] == ':' ? " " : ", ",
			     providers[i]->name);
		if (n < 0 || (size_t)n >= sizeof(sentence) - at)
			break;
		at += (size_t)n;
	}
	return sentence;
}

static const struct aio_provider *find(const char *name, const char *unknown, bool for_files, int *err,
					 const char **why)
{
	for (unsigned int i = 0; i < PROVIDERS_MAX && providers[i]; i++) {
		int rc;

		if (strcmp(providers[i]->name, name) || (for_files && providers[i]->only_asked))
			continue;
		rc = works(providers[i]);
		if (!rc)
			return providers[i];
		*err = -EOPNOTSUPP;
		*why = say("does not work", name, rc, for_files);
		return NULL;
	}
	*err = -EINVAL;
	*why = say(unknown, name, 0, for_files);
	return NULL;
}

const struct aio_provider *provider_find(const char *name, int *err, const char **why)
{
	return find(name, "no provider is named", false, err, why);
}

int aio_provider_prefer(const char *name, const char **why)
{
	const struct aio_provider *provider = NULL;
	int err = 0;

	if (name) {
		provider = find(name, "no provider of files is named", true, &err, why);
		if (!provider)
			return err;
	}
	*why = "";
	atomic_store(&preferred, provider);
	return 0;
}

/*
 * Memory needs no waiting, so no ring either. A cached file misses now and then:
 * io_uring reads those without a thread. libaio is asynchronous for direct I/O only.
 */
const struct aio_provider *provider_choose(const struct aio_file *file, int *err, const char **why)
{
	const struct aio_provider *provider = atomic_load(&preferred);
	const char *name = getenv("RING3_AIO");

	if (provider)
		return provider;
	if (name && *name)
		return find(name, "RING3_AIO names no provider of files:", true, err, why);
	if (file->is_memory)
		return &threads_provider;
	if (!works(&uring_provider))
		return &uring_provider;
	return file->direct && !works(&libaio_provider) ? &libaio_provider : &threads_provider;
}

/* ---- for a task: those that have a state there ---------------------------------------- */

bool providers_flush(struct aio_task *task)
{
	bool again = false;

	for (unsigned int i = 0; i < PROVIDERS_MAX; i++)
		if (task->state[i] && providers[i]->flush)
			again |= providers[i]->flush(task);
	return again;
}

void providers_reap(struct aio_task *task)
{
	for (unsigned int i = 0; i < PROVIDERS_MAX; i++)
		if (task->state[i] && providers[i]->reap)
			providers[i]->reap(task);
}

void providers_stop(struct aio_task *task)
{
	for (unsigned int i = 0; i < PROVIDERS_MAX; i++)
		if (task->state[i] && providers[i]->stop)
			providers[i]->stop(task);
}

/* SPDX-License-Identifier: MIT */
/* main.c - lists the measures, or takes one: bench-engine --list | NAME [SECONDS]. */
#include "bench.h"
#include "mtelib.h"

double bench_seconds = 0.5;
static struct measure *measures, **measures_end = &measures;

void measure_add(struct measure *measure)
{
	*measures_end = measure;
	measures_end = &measure->next;
}

void bench_skip(const char *why)
{
	printf("skipped %s\n", why);
	exit(0);
}

void bench_must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench-engine: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_percentile(double *values, size_t count, double percent)
{
	size_t at = (size_t)((double)count * percent / 100);

	qsort(values, count, sizeof(*values), by_value);
	return values[at < count ? at : count - 1];
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s --list | NAME [SECONDS]\n", argv[0]);
		return 64;
	}
	if (argc > 2)
		bench_seconds = atof(argv[2]);
	sys_service_set(MTE_sys_service_get());
	sys_service_init(NULL);
	for (struct measure *measure = measures; measure; measure = measure->next) {
		if (!strcmp(argv[1], "--list")) {
			printf("%s\t%s\n", measure->name, measure->unit);
		} else if (!strcmp(argv[1], measure->name)) {
			printf("%.6g\n", measure->fn());
			return 0;
		}
	}
	if (!strcmp(argv[1], "--list"))
		return 0;
	fprintf(stderr, "%s: no measure %s\n", argv[0], argv[1]);
	return 64;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a replay is loaded, and what memory that takes:
 *   loading FILE ROOT    "NS OPERATIONS PEAK RESIDENT": ns until the first operation could be made,
 *                        bytes of memory at most and then
 */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "replay/program.h"
#include "utils/clock.h"

static unsigned long long resident(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
	struct options o = {.processes = 1, .threads = 1};
	struct program p;
	struct err err = {0};
	struct rusage usage;
	uint64_t start = now_ns(), ns;

	if (argc != 3) {
		fprintf(stderr, "usage: %s FILE ROOT\n", argv[0]);
		return 2;
	}
	o.replay = argv[1];
	if (program_load(&p, &o, argv[2], &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	ns = now_ns() - start;
	getrusage(RUSAGE_SELF, &usage);
	printf("%llu %llu %llu %llu\n", (unsigned long long)ns, (unsigned long long)p.ops,
		(unsigned long long)usage.ru_maxrss << 10, resident());
	program_free(&p);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/ticks.h"

#include <stdio.h>
#include <string.h>

/* Rates measured one after the other differ by some 4 in a million. */
#define MEASURE_NS 2000000u

#if defined(__x86_64__)
static bool steady_counter(void)
{
	static const char *const flags[] = {" constant_tsc", " nonstop_tsc"};
	char line[4096];
	FILE *f = fopen("/proc/cpuinfo", "re");
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		if (strncmp(line, "flags", 5) == 0)
			found = strstr(line, flags[0]) && strstr(line, flags[1]);
	fclose(f);
	return found;
}

/* Both clocks at one moment: the narrowest of a few tries. */
static void read_both(uint64_t *tsc, uint64_t *ns)
{
	uint64_t best = UINT64_MAX, before, after, now;
	int i;

	for (i = 0; i < 10; i++) {
		before = __builtin_ia32_rdtsc();
		now = now_ns();
		after = __builtin_ia32_rdtsc();
		if (after - before >= best)
			continue;
		best = after - before;
		*tsc = before + best / 2;
		*ns = now;
	}
}
#endif

struct ticks ticks_measure(void)
{
	struct ticks t = {false, (uint64_t)1 << 32};
#if defined(__x86_64__)
	struct timespec pause = {0, MEASURE_NS};
	uint64_t tsc0, tsc1, ns0, ns1;

	if (!steady_counter())
		return t;
	read_both(&tsc0, &ns0);
	nanosleep(&pause, NULL);
	read_both(&tsc1, &ns1);
	if (tsc1 <= tsc0 || ns1 <= ns0)
		return t;
	t.tsc = true;
	t.mult = (uint64_t)(((unsigned __int128)(ns1 - ns0) << 32) / (tsc1 - tsc0));
#endif
	return t;
}

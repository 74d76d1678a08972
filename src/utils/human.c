/* SPDX-License-Identifier: Apache-2.0 */
#include "utils/human.h"

#include <stdio.h>

char *human_bytes(char out[HUMAN_LEN], double bytes)
{
	static const char *const unit[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	int i = -1;

	while (bytes >= 1023.95 && i < 5) {
		bytes /= 1024;
		i++;
	}
	if (i < 0)
		snprintf(out, HUMAN_LEN, "%.0f B", bytes);
	else
		snprintf(out, HUMAN_LEN, "%.1f %s", bytes, unit[i]);
	return out;
}

char *human_count(char out[HUMAN_LEN], double count)
{
	static const char unit[] = "kMGT";
	int i = -1;

	while (count >= 9999.5 && i < 3) {
		count /= 1000;
		i++;
	}
	if (i >= 0)
		snprintf(out, HUMAN_LEN, "%.1f %c", count, unit[i]);
	else if (count < 9.95)
		snprintf(out, HUMAN_LEN, "%.2g", count); /* a rate */
	else
		snprintf(out, HUMAN_LEN, "%.0f", count);
	return out;
}

char *human_ns(char out[HUMAN_LEN], uint64_t ns)
{
	static const char *const unit[] = {"us", "ms", "s"};
	double v = (double)ns;
	int i = -1;

	while (v >= 999.95 && i < 2) {
		v /= 1000;
		i++;
	}
	if (i < 0)
		snprintf(out, HUMAN_LEN, "%llu ns", (unsigned long long)ns);
	else
		snprintf(out, HUMAN_LEN, "%.*f %s", v < 10 ? 2 : v < 100 ? 1 : 0, v, unit[i]);
	return out;
}

char *human_time(char out[HUMAN_LEN], double seconds)
{
	unsigned long s = seconds < 0 ? 0 : seconds > 1e9 ? 1000000000 : (unsigned long)seconds;

	if (s >= 3600)
		snprintf(out, HUMAN_LEN, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, HUMAN_LEN, "%lu:%02lu", s / 60, s % 60);
	return out;
}

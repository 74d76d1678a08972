/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/host.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

const char *const cpu_field_names[CPU_FIELDS] = {
	"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
const char *const psi_kind_names[PSI_KINDS] = {"io", "cpu", "memory"};

void host_add_device(struct host_sample *s, dev_t dev)
{
	size_t i;

	for (i = 0; i < s->ndisks; i++)
		if (s->disk[i].major == major(dev) && s->disk[i].minor == minor(dev))
			return;
	if (s->ndisks == HOST_DISKS)
		return;
	s->disk[s->ndisks++] = (struct disk_sample){.major = major(dev), .minor = minor(dev)};
}

static void take_disk_line(struct host_sample *s, const char *line)
{
	struct disk_sample d = {.found = true};
	size_t i;

	if (sscanf(line,
		    "%u %u %31s %" SCNu64 " %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %" SCNu64
		    " %" SCNu64 " %*u %" SCNu64,
		    &d.major, &d.minor, d.name, &d.reads, &d.read_sectors, &d.read_ms, &d.writes,
		    &d.write_sectors, &d.write_ms, &d.busy_ms) != 10)
		return;
	for (i = 0; i < s->ndisks; i++)
		if (s->disk[i].major == d.major && s->disk[i].minor == d.minor)
			s->disk[i] = d;
}

static void read_disks(struct host_sample *s)
{
	FILE *f = fopen("/proc/diskstats", "re");
	char line[512];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		take_disk_line(s, line);
	fclose(f);
}

static void read_cpu(struct host_sample *s)
{
	FILE *f = fopen("/proc/stat", "re");
	uint64_t *c = s->cpu;

	if (!f)
		return;
	s->has_cpu = fscanf(f,
			     "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			     " %" SCNu64 " %" SCNu64 " %" SCNu64,
			     &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7]) == CPU_FIELDS;
	fclose(f);
}

static void read_psi(struct psi_sample *p, const char *kind)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/pressure/%s", kind);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		const char *total = strstr(line, "total=");

		if (!total)
			continue;
		p->found = true;
		sscanf(total, "total=%" SCNu64,
			strncmp(line, "full", 4) == 0 ? &p->full_us : &p->some_us);
	}
	fclose(f);
}

void host_read(struct host_sample *s)
{
	int i;

	read_disks(s);
	read_cpu(s);
	for (i = 0; i < PSI_KINDS; i++)
		read_psi(&s->psi[i], psi_kind_names[i]);
}

static void subtract_disk(struct disk_sample *a, const struct disk_sample *b)
{
	a->found &= b->found;
	a->reads -= b->reads;
	a->read_sectors -= b->read_sectors;
	a->read_ms -= b->read_ms;
	a->writes -= b->writes;
	a->write_sectors -= b->write_sectors;
	a->write_ms -= b->write_ms;
	a->busy_ms -= b->busy_ms;
}

void host_subtract(struct host_sample *after, const struct host_sample *before)
{
	size_t i;

	for (i = 0; i < after->ndisks; i++)
		subtract_disk(&after->disk[i], &before->disk[i]);
	for (i = 0; i < CPU_FIELDS; i++)
		after->cpu[i] -= before->cpu[i];
	for (i = 0; i < PSI_KINDS; i++) {
		after->psi[i].some_us -= before->psi[i].some_us;
		after->psi[i].full_us -= before->psi[i].full_us;
	}
}

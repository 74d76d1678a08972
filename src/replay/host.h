/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_REPLAY_HOST_H
#define IORIOT_REPLAY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the host did meanwhile: block devices, processors, pressure. */

#define HOST_DISKS 8

/* Documentation/admin-guide/iostats.rst; sectors are of 512 bytes. */
struct disk_sample {
	unsigned major, minor;
	char name[32];
	bool found;
	uint64_t reads, read_sectors, read_ms;
	uint64_t writes, write_sectors, write_ms;
	uint64_t busy_ms;
};

enum cpu_field { CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_SOFTIRQ, CPU_STEAL, CPU_FIELDS };

/* Documentation/accounting/psi.rst: microseconds in which some or all tasks stalled. */
enum psi_kind { PSI_IO, PSI_CPU, PSI_MEMORY, PSI_KINDS };
struct psi_sample {
	bool found;
	uint64_t some_us, full_us;
};

struct host_sample {
	size_t ndisks;
	struct disk_sample disk[HOST_DISKS];
	bool has_cpu;
	uint64_t cpu[CPU_FIELDS]; /* clock ticks of all processors */
	struct psi_sample psi[PSI_KINDS];
};

extern const char *const cpu_field_names[CPU_FIELDS];
extern const char *const psi_kind_names[PSI_KINDS];

/* A device that the sample is to look at (st_dev of a file on it); known ones are not added. */
void host_add_device(struct host_sample *s, dev_t dev);

/* Reads the present counters. What the host does not have stays not found. */
void host_read(struct host_sample *s);

/* What changed from BEFORE to AFTER, into AFTER. */
void host_subtract(struct host_sample *after, const struct host_sample *before);

#endif

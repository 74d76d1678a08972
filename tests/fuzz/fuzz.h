/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TESTS_FUZZ_H
#define IORIOT_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The properties of both formats and of the kernel's records, on any bytes: nothing crashes, and what
 * is read is printed so that it is read again as the same. They abort() where that does not hold.
 *
 * fuzz.c drives them with lines of its own and what can be done to these; libfuzzer.c with whatever finds
 * new ways through the code.
 */
void fuzz_capture(const uint8_t *data, size_t len); /* data[0] chooses the version */
void fuzz_replay(const uint8_t *data, size_t len);
void fuzz_wire(const uint8_t *data, size_t len); /* records, each behind its length (uint16_t) */

/* What strace wrote becomes a capture, of which every line can be read. */
void fuzz_import(const uint8_t *data, size_t len);

/* A snapshot of a file system gives its names to inodes, or is refused, each time it is read. */
void fuzz_names(const uint8_t *data, size_t len);

/*
 * A capture becomes a replay, which the other steps take; a replay is loaded and planned, or refused. The
 * bits of data[0] choose --root and the header.
 */
void fuzz_generate(const uint8_t *data, size_t len);
void fuzz_load(const uint8_t *data, size_t len);
/* What init and replay say of a file that is WRITTEN by generate, or by nobody knows whom. */
void fuzz_steps(const char *path, const char *root, bool written);

/* Says what is wrong and aborts. */
void fuzz_fail(const char *what, const char *line, size_t len) __attribute__((noreturn));

/* A file of these bytes, and a path to open it by. */
struct fuzz_file {
	int fd;
	char path[32];
};
void fuzz_file_put(struct fuzz_file *f, const void *p, size_t len);
void fuzz_file_close(struct fuzz_file *f);

#endif

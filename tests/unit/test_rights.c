/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>

#include "capture/rights.h"
#include "suites.h"

/* Control messages as a program has them, whole and damaged. */

static union {
	struct cmsghdr head;
	char bytes[256];
} control;

static size_t put(size_t at, int level, int type, const int *fds, size_t n)
{
	struct cmsghdr head = {CMSG_LEN(n * sizeof(int)), level, type};

	memcpy(control.bytes + at, &head, sizeof(head));
	memcpy(control.bytes + at + CMSG_LEN(0), fds, n * sizeof(int));
	return at + CMSG_SPACE(n * sizeof(int));
}

START_TEST(descriptors_of_several_messages)
{
	static const int one[] = {3}, three[] = {4, 5, -1}, other[] = {9, 9};
	size_t len = put(0, SOL_SOCKET, SCM_CREDENTIALS, other, 2), at = 0, n, total = 0;
	const void *fds;
	int found[8];

	len = put(len, SOL_SOCKET, SCM_RIGHTS, one, 1);
	len = put(len, 77, SCM_RIGHTS, other, 2);
	len = put(len, SOL_SOCKET, SCM_RIGHTS, three, 3);
	while ((n = rights_next(RIGHTS_64, &control, len, &at, &fds))) {
		memcpy(found + total, fds, n * sizeof(int));
		total += n;
	}
	ck_assert_uint_eq(total, 4);
	ck_assert_int_eq(found[0], 3);
	ck_assert_mem_eq(found + 1, three, sizeof(three));
	/* without the padding behind the last one */
	at = total = 0;
	while ((n = rights_next(RIGHTS_64, &control, len - 4, &at, &fds)))
		total += n;
	ck_assert_uint_eq(total, 4);
}
END_TEST

START_TEST(descriptors_of_a_32_bit_program)
{
	const uint32_t words[] = {12 + 8, SOL_SOCKET, SCM_RIGHTS, 6, 7, 12 + 4, SOL_SOCKET, SCM_RIGHTS, 8};
	const uint32_t msg[7] = {[4] = 0xfffff000, [5] = sizeof(words)};
	const void *fds;
	uint64_t where, len;
	size_t at = 0;

	rights_control(RIGHTS_32, msg, &where, &len);
	ck_assert_uint_eq(where, 0xfffff000);
	ck_assert_uint_eq(len, sizeof(words));
	ck_assert_uint_eq(rights_msg_size(RIGHTS_32), 28);
	ck_assert_uint_eq(rights_next(RIGHTS_32, words, sizeof(words), &at, &fds), 2);
	ck_assert_ptr_eq(fds, words + 3);
	ck_assert_uint_eq(rights_next(RIGHTS_32, words, sizeof(words), &at, &fds), 1);
	ck_assert_ptr_eq(fds, words + 8);
	ck_assert_uint_eq(rights_next(RIGHTS_32, words, sizeof(words), &at, &fds), 0);
}
END_TEST

/* What this process has of a message is where the kernel looks for it. */
START_TEST(messages_of_this_machine)
{
	struct msghdr msg = {.msg_control = &control, .msg_controllen = 77};
	uint64_t at, len;

	rights_control(RIGHTS_64, &msg, &at, &len);
	ck_assert_uint_eq(at, (uintptr_t)&control);
	ck_assert_uint_eq(len, 77);
	ck_assert_uint_eq(rights_msg_size(RIGHTS_64), sizeof(struct msghdr));
	ck_assert_uint_eq(rights_mmsg_size(RIGHTS_64), sizeof(struct mmsghdr));
	ck_assert_uint_eq(rights_least(RIGHTS_64), CMSG_LEN(sizeof(int)));
}
END_TEST

/* Any length in a header, any length of all: nothing is read beyond the end, and it ends. */
START_TEST(damaged_messages)
{
	static const uint64_t sizes[] = {0, 1, 15, 16, 17, 19, 20, 21, 64, 255, 256, 257, UINT32_MAX,
		UINT64_MAX, UINT64_MAX - 7, (uint64_t)INT64_MAX};
	const char *end = control.bytes + sizeof(control);
	const void *fds;
	size_t i, len, at, n, rounds;
	int abi;

	memset(&control, 1, sizeof(control));
	for (abi = RIGHTS_64; abi <= RIGHTS_32; abi++)
		for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			for (len = 0; len <= sizeof(control); len++) {
				const int rights[2] = {SOL_SOCKET, SCM_RIGHTS};

				memcpy(control.bytes, &sizes[i], 8);
				memcpy(control.bytes + (abi == RIGHTS_64 ? 8 : 4), rights, 8);
				for (at = rounds = 0; rounds < 1000; rounds++) {
					n = rights_next((enum rights_abi)abi, &control, len, &at, &fds);
					if (!n)
						break;
					ck_assert((const char *)fds >= control.bytes);
					ck_assert((const char *)fds + n * sizeof(int) <=
						  control.bytes + len);
					ck_assert((const char *)fds + n * sizeof(int) <= end);
				}
				ck_assert_uint_lt(rounds, 1000);
			}
}
END_TEST

Suite *rights_suite(void)
{
	TCase *tc;
	Suite *s = suite_with("rights", &tc);

	tcase_add_test(tc, descriptors_of_several_messages);
	tcase_add_test(tc, descriptors_of_a_32_bit_program);
	tcase_add_test(tc, messages_of_this_machine);
	tcase_add_test(tc, damaged_messages);
	return s;
}

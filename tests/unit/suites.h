/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_TESTS_SUITES_H
#define IORIOT_TESTS_SUITES_H

#include <check.h>

/* Each test_x.c has Suite *x_suite(void); the list of them is made by the Makefile. */
#define SUITE(name) Suite *name##_suite(void);
#include "suites.def"
#undef SUITE

/* A suite of one test case; tests are added to *TC. */
static inline Suite *suite_with(const char *name, TCase **tc)
{
	Suite *s = suite_create(name);

	*tc = tcase_create(name);
	suite_add_tcase(s, *tc);
	return s;
}

#endif

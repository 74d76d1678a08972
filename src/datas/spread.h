/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_SPREAD_H
#define IORIOT_DATAS_SPREAD_H

#include <stddef.h>

/*
 * The middle of a few numbers, and how far they lie apart. Quartiles and median are interpolated between
 * the two nearest values (definition 7 of Hyndman, Fan: Sample Quantiles in Statistical Packages, 1996).
 */
struct spread {
	double median, min, max, q1, q3;
};

/* Sorts V. All are 0 when N is. */
struct spread spread_of(double *v, size_t n);

#endif

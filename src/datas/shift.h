/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IORIOT_DATAS_SHIFT_H
#define IORIOT_DATAS_SHIFT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * By how much one sample lies above another, without a word about how their values are distributed but
 * that both are the same way: the Hodges-Lehmann estimate, which is the median of all differences y - x,
 * and the confidence interval that inverts the Mann-Whitney-Wilcoxon test (Hollander, Wolfe, Chicken:
 * Nonparametric Statistical Methods, 3rd ed. 2014, section 4.3 and equation 4.31 ff.). With the differences
 * sorted, D(1) to D(mn), and k the largest number with P(U <= k - 1) <= 0.025 where U is the test's
 * statistic without a difference, the interval is D(k) to D(mn + 1 - k). P is exact up to 100 values each,
 * and the normal approximation beyond.
 */
struct shift {
	double estimate, low, high;
	double confidence; /* of the interval: at least 0.95 */
	bool interval;	   /* there is one: too few values allow none. 4 and 4 do */
};

/* 0 or -ENOMEM; both samples have at least one value. */
int shift_of(const double *x, size_t m, const double *y, size_t n, struct shift *out);

/* The same of logarithms, with what comes out raised to ratios again. */
int shift_ratio(const double *x, size_t m, const double *y, size_t n, struct shift *out);

enum shift_verdict { SHIFT_TOO_FEW, SHIFT_NONE, SHIFT_LESS, SHIFT_MORE };
enum shift_verdict shift_verdict(const struct shift *ratio);

#endif

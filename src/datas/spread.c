/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/spread.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double at(const double *v, size_t n, double q)
{
	double place = q * (double)(n - 1);
	size_t low = (size_t)place;

	if (low + 1 >= n)
		return v[n - 1];
	return v[low] + (place - (double)low) * (v[low + 1] - v[low]);
}

struct spread spread_of(double *v, size_t n)
{
	if (n == 0)
		return (struct spread){0};
	qsort(v, n, sizeof(*v), by_value);
	return (struct spread){at(v, n, 0.5), v[0], v[n - 1], at(v, n, 0.25), at(v, n, 0.75)};
}

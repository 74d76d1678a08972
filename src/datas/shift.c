/* SPDX-License-Identifier: Apache-2.0 */
#include "datas/shift.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "datas/spread.h"

#define EXACT_MOST 100
#define TAIL	   0.025

/*
 * P(U = u) for all u, from the generating function, the product over i of (1 - x^(n+i)) / (1 - x^i):
 * each factor's share i / (n + i) keeps the sum at 1.
 */
static double *distribution(size_t m, size_t n)
{
	size_t size = m * n + 1, i, u;
	double *p = calloc(size, sizeof(*p));

	if (!p)
		return NULL;
	p[0] = 1;
	for (i = 1; i <= m; i++) {
		for (u = size; u-- > n + i;)
			p[u] -= p[u - n - i];
		for (u = i; u < size; u++)
			p[u] += p[u - i];
		for (u = 0; u < size; u++)
			p[u] *= (double)i / (double)(n + i);
	}
	return p;
}

/* k and the confidence that goes with it; k = 0: none. */
static int find_rank(size_t m, size_t n, size_t *k, double *confidence)
{
	double *p, below = 0, mean = (double)m * (double)n / 2;

	*k = 0;
	*confidence = 0.95;
	if (m > EXACT_MOST || n > EXACT_MOST) {
		double rank = mean - 1.959964 * sqrt((double)m * (double)n * (double)(m + n + 1) / 12);

		*k = rank < 1 ? 0 : (size_t)rank;
		return 0;
	}
	p = distribution(m, n);
	if (!p)
		return -ENOMEM;
	while (below + p[*k] <= TAIL)
		below += p[(*k)++];
	*confidence = 1 - 2 * below;
	free(p);
	return 0;
}

int shift_of(const double *x, size_t m, const double *y, size_t n, struct shift *out)
{
	double *d = calloc(m * n, sizeof(*d));
	size_t i, j, k;

	if (!d || find_rank(m, n, &k, &out->confidence)) {
		free(d);
		return -ENOMEM;
	}
	for (i = 0; i < m; i++)
		for (j = 0; j < n; j++)
			d[i * n + j] = y[j] - x[i];
	out->estimate = spread_of(d, m * n).median; /* which sorts them */
	out->interval = k > 0;
	out->low = k ? d[k - 1] : 0;
	out->high = k ? d[m * n - k] : 0;
	free(d);
	return 0;
}

int shift_ratio(const double *x, size_t m, const double *y, size_t n, struct shift *out)
{
	int rc = shift_of(x, m, y, n, out);

	out->estimate = exp(out->estimate);
	out->low = exp(out->low);
	out->high = exp(out->high);
	return rc;
}

enum shift_verdict shift_verdict(const struct shift *r)
{
	return !r->interval ? SHIFT_TOO_FEW : r->low > 1 ? SHIFT_MORE : r->high < 1 ? SHIFT_LESS : SHIFT_NONE;
}

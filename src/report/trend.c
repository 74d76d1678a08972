/* SPDX-License-Identifier: Apache-2.0 */
#include "report/trend.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SURE	    2.576 /* standard deviations: by chance once in a hundred rows */
#define CHANGE	    1.1	  /* less between the thirds is stable, however sure */
#define BURST	    3.0	  /* times the mean ... */
#define SPREADS	    6.0	  /* ... and so many times the usual distance above the median */
#define CORRELATION 0.5	  /* least of a period ... */
#define SWING	    0.1	  /* ... of a row that leaves its line by that share of its mean */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts V. */
static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double mean(const double *v, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / (double)n : 0;
}

/* Sums of intervals next to each other; what does not fill the last one is left out. */
static size_t merge(double v[TREND_MAX], const double *values, size_t n, size_t *each)
{
	size_t i;

	*each = (n + TREND_MAX - 1) / TREND_MAX;
	memset(v, 0, TREND_MAX * sizeof(*v));
	for (i = 0; i < n / *each * *each; i++)
		v[i / *each] += values[i];
	return n / *each;
}

/*
 * Mann and Kendall: of all pairs, how many go up and how many down. Neighbours that are alike make the deviation larger
 * than that of chance alone: by what the first autocorrelation says (Hamed and Rao's correction, its first term).
 */
static double kendall(const double *v, size_t n, double serial)
{
	double s = 0, count = (double)n, deviation;
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = i + 1; k < n; k++)
			s += (v[k] > v[i]) - (v[k] < v[i]);
	deviation = sqrt(count * (count - 1) * (2 * count + 5) / 18);
	if (serial > 0)
		deviation *= sqrt((1 + serial) / (1 - serial < 0.05 ? 0.05 : 1 - serial));
	return s / deviation;
}

/* The line through the row is taken out: what goes up is no period. */
static void level(double *v, size_t n)
{
	double x = 0, sxx = 0, sxy = 0, middle = (double)(n - 1) / 2, m = mean(v, n);
	size_t i;

	for (i = 0; i < n; i++) {
		x = (double)i - middle;
		sxx += x * x;
		sxy += x * (v[i] - m);
	}
	for (i = 0; i < n; i++)
		v[i] -= m + ((double)i - middle) * sxy / sxx;
}

/* Of a level row, with itself LAG later. */
static double autocorrelation(const double *v, size_t n, size_t lag)
{
	double sum = 0, all = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		all += v[i] * v[i];
		if (i + lag < n)
			sum += v[i] * v[i + lag];
	}
	return all > 0 ? sum / all * (double)n / (double)(n - lag) : 0;
}

static void look_for_trend(struct trend_result *r, const double *v, const double *flat, size_t n)
{
	double z = kendall(v, n, autocorrelation(flat, n, 1));

	r->first = mean(v, n / 3) / (double)r->merged;
	r->last = mean(v + n - n / 3, n / 3) / (double)r->merged;
	r->trend = TREND_STABLE;
	if (z > SURE && r->last > r->first * CHANGE)
		r->trend = TREND_RISING;
	else if (z < -SURE && r->first > r->last * CHANGE)
		r->trend = TREND_FALLING;
}

static void look_for_bursts(struct trend_result *r, const double *v, size_t n)
{
	double sorted[TREND_MAX], usual, limit, average = mean(v, n), in = 0;
	bool inside = false;
	size_t i;

	memcpy(sorted, v, n * sizeof(*v));
	usual = median(sorted, n);
	for (i = 0; i < n; i++)
		sorted[i] = fabs(v[i] - usual);
	limit = fmax(average * BURST, usual + median(sorted, n) * SPREADS);
	for (i = 0; i < n; i++) {
		bool is = v[i] > limit;

		r->bursts += is && !inside;
		in += is ? v[i] : 0;
		inside = is;
	}
	if (r->bursts)
		r->in_bursts = in / (average * (double)n);
}

/* The shortest one of those that are nearly as good as the best: twice a period is one, too. */
static void look_for_period(struct trend_result *r, const double *v, const double *flat, size_t n)
{
	double at[TREND_MAX], best = CORRELATION, squares = 0;
	size_t lag, most = n / 3, i;
	bool below = false;

	for (i = 0; i < n; i++)
		squares += flat[i] * flat[i];
	if (sqrt(squares / (double)n) < SWING * mean(v, n))
		return;
	for (lag = 1; lag <= most + 1; lag++)
		at[lag] = autocorrelation(flat, n, lag);
	for (lag = 2; lag <= most; lag++)
		best = at[lag] > best ? at[lag] : best;
	for (lag = 1; lag <= most; lag++) {
		bool peak = lag > 1 && at[lag] >= at[lag - 1] && at[lag] >= at[lag + 1];

		below |= at[lag] < CORRELATION / 2;
		if (!below || !peak || at[lag] < best * 0.9 || at[lag] <= CORRELATION)
			continue;
		r->period = lag * r->merged;
		r->correlation = at[lag] < 1 ? at[lag] : 1;
		return;
	}
}

void trend_of(struct trend_result *r, const double *values, size_t n)
{
	double v[TREND_MAX], flat[TREND_MAX];

	*r = (struct trend_result){0};
	if (n < TREND_MIN)
		return;
	n = merge(v, values, n, &r->merged);
	memcpy(flat, v, n * sizeof(*v));
	level(flat, n);
	look_for_trend(r, v, flat, n);
	look_for_bursts(r, v, n);
	look_for_period(r, v, flat, n);
}

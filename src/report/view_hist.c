/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "report/table.h"
#include "report/view.h"
#include "utils/human.h"

/* How values are spread: a row for each power of two (bytes), or 1-2-5 step of ten (times). */

#define STEPS	  66
#define BAR_WIDTH 40

struct hist_view {
	struct view view;
	enum hist_of of;
	unsigned steps;
	uint64_t below[STEPS]; /* the upper end of each row, not in it */
	uint64_t count[STEPS];
	struct hist hist;
};

static const char *const hist_names[] = {"latency", "gap", "size"};

static int hist_view_add(struct view *v, const struct event *ev, struct err *err)
{
	struct hist_view *h = (struct hist_view *)v;
	uint64_t value = h->of == HIST_LATENCY ? ev->latency : h->of == HIST_GAP ? ev->gap : ev->read + ev->written;
	unsigned i = 0;

	(void)err;
	if (h->of == HIST_SIZE && value == 0) /* of calls that moved bytes */
		return 0;
	while (i < h->steps - 1 && value >= h->below[i])
		i++;
	h->count[i]++;
	hist_add(&h->hist, value);
	return 0;
}

static char *value_text(const struct hist_view *h, uint64_t value, char text[HUMAN_LEN])
{
	return h->of == HIST_SIZE ? human_bytes(text, (double)value) : human_ns(text, value);
}

static void put_row(const struct hist_view *h, struct table *t, unsigned i, uint64_t most)
{
	char from[HUMAN_LEN], to[HUMAN_LEN], bar[BAR_WIDTH + 1];
	uint64_t low = i ? h->below[i - 1] : 0;
	unsigned len = most ? (unsigned)((h->count[i] * BAR_WIDTH + most - 1) / most) : 0;

	memset(bar, '#', sizeof(bar));
	bar[len] = '\0';
	value_text(h, low, from);
	table_cell(t, "%s", from);
	table_cell(t, "%s", i == h->steps - 1 ? "-" : value_text(h, h->below[i], to));
	table_cell(t, "%" PRIu64, h->count[i]);
	table_cell(t, "%.1f %%", 100.0 * (double)h->count[i] / (double)h->hist.count);
	table_cell(t, "%s", bar);
}

static int hist_view_end(struct view *v, const struct ending *ending, struct buf *out, struct err *err)
{
	static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
	struct hist_view *h = (struct hist_view *)v;
	unsigned first = h->steps, last = 0, i;
	uint64_t most = 0;
	struct table table;
	char text[HUMAN_LEN];
	int rc;

	buf_addf(out, "%s of %" PRIu64 " calls", hist_names[h->of], h->hist.count);
	for (i = 0; i < 4; i++)
		buf_addf(out, ", p%g %s", quantiles[i] * 100,
			value_text(h, hist_quantile(&h->hist, quantiles[i]), text));
	buf_addf(out, ", max %s\n", value_text(h, h->hist.max, text));
	for (i = 0; i < h->steps; i++) {
		if (!h->count[i])
			continue;
		first = i < first ? i : first;
		last = i;
		most = h->count[i] > most ? h->count[i] : most;
	}
	table_init(&table, 5, 1);
	for (i = 0; i < 5; i++)
		table_cell(&table, "%s", ((const char *const[]){"from", "below", "calls", "share", ""})[i]);
	for (i = first; i <= last; i++)
		put_row(h, &table, i, most);
	rc = table_print(&table, out, ending->colour);
	table_free(&table);
	return rc ? err_sys(err, ENOMEM, "--hist") : 0;
}

static void hist_view_free(struct view *v)
{
	free(v);
}

int view_hist(struct view **out, enum hist_of of, struct err *err)
{
	static const struct view_ops hist_ops = {hist_view_add, hist_view_end, hist_view_free};
	static const uint64_t within[] = {1, 2, 5};
	struct hist_view *h = calloc(1, sizeof(*h));
	uint64_t ten = 100;

	if (!h)
		return err_sys(err, ENOMEM, "--hist");
	h->view.ops = &hist_ops;
	h->of = of;
	while (of != HIST_SIZE && ten <= UINT64_C(100000000000)) { /* 100 ns to 500 s */
		h->below[h->steps] = within[h->steps % 3] * ten;
		if (++h->steps % 3 == 0)
			ten *= 10;
	}
	while (of == HIST_SIZE && h->steps < 50) {
		h->below[h->steps] = UINT64_C(2) << h->steps;
		h->steps++;
	}
	h->steps++;
	*out = &h->view;
	return 0;
}

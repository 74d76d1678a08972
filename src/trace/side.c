/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/side.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "datas/json_parts.h"

static int bad(const struct side *s, const char *what, struct err *err)
{
	return err_set(err, EPROTO, "%s: no statistics of a replay that can be compared: %s", s->file, what);
}

bool side_number(const json_t *object, const char *key, double *out)
{
	const json_t *j = json_object_get(object, key);

	*out = json_number_value(j);
	return json_is_number(j) && isfinite(*out);
}

static const json_t *entry(const json_t *all, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		const char *own = json_string_value(json_object_get(one, "name"));

		if (i == SIDE_FILES_MOST)
			break;
		if (own && strcmp(own, name) == 0)
			return one;
	}
	return NULL;
}

const json_t *side_operation(const struct side *s, size_t run, const char *name)
{
	return entry(json_object_get(s->runs.v[run], "by_operation"), name);
}

const json_t *side_file(const struct side *s, size_t run, const char *name)
{
	return entry(json_object_get(s->runs.v[run], "by_file"), name);
}

static int check_replay(struct side *s, const json_t *run, struct err *err)
{
	const json_t *replay = json_object_get(run, "replay");
	const char *id = json_string_value(json_object_get(replay, "id"));
	const char *hash = json_string_value(json_object_get(replay, "hash"));

	if (!id || !hash)
		return bad(s, "it does not say of which replay", err);
	if (s->id && (strcmp(id, s->id) != 0 || strcmp(hash, s->hash) != 0))
		return bad(s, "its runs are of different replays", err);
	s->id = id;
	s->hash = hash;
	s->operations = json_integer_value(json_object_get(replay, "operations"));
	return 0;
}

static int add_run(struct side *s, const json_t *run, struct err *err)
{
	const json_t **slot;
	double diverged;
	int rc = check_replay(s, run, err);

	if (rc)
		return rc;
	if (!json_is_true(json_object_get(run, "complete"))) {
		s->incomplete++;
		return 0;
	}
	if (!side_number(run, "divergences", &diverged) || !json_is_array(json_object_get(run, "by_operation")))
		return bad(s, "a part is missing", err);
	s->limited |= json_is_true(json_object_get(run, "ended_by_limit"));
	s->diverged = diverged > s->diverged ? diverged : s->diverged;
	slot = vec_push(&s->runs);
	if (!slot)
		return err_sys(err, ENOMEM, "%s", s->file);
	*slot = run;
	return 0;
}

int side_open(struct side *s, const char *file, struct err *err)
{
	const json_t *runs, *run;
	json_error_t why;
	size_t i;
	int rc = 0;

	*s = (struct side){.file = file};
	s->root = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
	if (!s->root && json_error_code(&why) == json_error_cannot_open_file)
		return err_sys(err, errno, "%s", file);
	if (!s->root)
		return err_set(err, EPROTO, "%s:%d: %s", file, why.line, why.text);
	if (json_integer_value(json_object_get(s->root, "schema")) != STATS_SCHEMA)
		return bad(s, "\"schema\" is not 1", err);
	runs = json_object_get(s->root, "runs");
	if (!runs)
		rc = add_run(s, s->root, err);
	if (json_array_size(runs) > SIDE_RUNS_MOST)
		rc = bad(s, "more than 1000 runs", err);
	json_array_foreach(runs, i, run) if (rc == 0) rc = add_run(s, run, err);
	if (rc == 0 && s->runs.n == 0)
		rc = bad(s, "none of its runs is complete", err);
	return rc;
}

void side_close(struct side *s)
{
	vec_free(&s->runs);
	json_decref(s->root);
}

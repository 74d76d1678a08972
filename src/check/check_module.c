/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/stap.h"
#include "check/check.h"

#define TRIAL_BUFFER 1 /* MiB for each processor: nothing is recorded */

static void add(struct check *c, const char *name, enum mark mark, const char *text)
{
	report_add(&c->report, SECTION_STAP, name, mark, "%s", text);
}

/* ---- the files ---- */

static bool find(struct stap_module *out, const char *name, struct err *err)
{
	struct options o = {.module = name};

	return stap_module_find(out, &o, err) == 0;
}

bool check_module(struct check *c, struct stap_module *module)
{
	struct stap_module other;
	struct err err = {0};
	bool found;

	if (!check_exists(c, "/proc/modules")) {
		add(c, "module", MARK_NONE, "not looked for, as this kernel loads none");
		return false;
	}
	found = find(module, c->options->module ? c->options->module : "ioriot", &err);
	add(c, "module", found ? MARK_OK : MARK_NO, found ? module->path : err.text);
	if (c->options->module)
		return found;
	if (find(&other, "targetedioriot", &err))
		add(c, "module for -x", MARK_OK, other.path);
	else
		add(c, "module for -x", MARK_NONE, err.text);
	return found;
}

/* ---- in the kernel ---- */

static void no_words(const struct capture_job *job, const char *who, const char *line)
{
	(void)job, (void)who, (void)line;
}

static void tell_status(struct check *c, const struct stap_loaded *loaded)
{
	struct stap_status status = {0};
	struct err err;

	if (stap_status_read(&status, loaded->name, &err) || stap_status_check(&status, &err)) {
		add(c, "hooks", MARK_NO, err.text);
	} else {
		add(c, "hooks", MARK_OK, status.hooks);
		add(c, "missing hooks", MARK_NONE, *status.missing ? status.missing : "none");
	}
	stap_status_free(&status);
}

void try_module(struct check *c, const struct stap_module *module)
{
	struct capture_job job = {.options = c->options, .say = no_words};
	struct stap_loaded loaded;
	struct err err;

	if (stap_load(&loaded, &job, module, TRIAL_BUFFER, &err)) {
		add(c, "loading", MARK_NO, err.text);
		return;
	}
	tell_status(c, &loaded);
	if (stap_unload(&loaded, &job, &err))
		add(c, "loading", MARK_NO, err.text);
	else
		add(c, "loading", MARK_OK, "the module went into the kernel and out again");
}

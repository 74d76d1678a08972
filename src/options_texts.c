/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "options_table.h"

#define HELP_WIDTH  80
#define HELP_INDENT 29

static const struct {
	const char *line, *what;
} usages[] = {
	{"-c FILE [-x PID | -- CMD ARGS]", "record what programs do to files"},
	{"-c FILE -r REPLAY [-n NAME]", "make a replay from a capture"},
	{"-i REPLAY", "build the files that the replay needs"},
	{"-r REPLAY [-p N -t N -s X -S FILE]", "replay, compare, measure"},
	{"-R REPLAY", "-i, then -r"},
	{"-T | -P [-n NAME]", "move to the trash, or delete, what -i built"},
	{"-d", "drop the caches of this host"},
	{"--check [--json FILE]", "say what this host offers"},
	{"--compare FILE FILE ... [--json FILE]", "what differs between replays"},
};
#define USAGES (sizeof(usages) / sizeof(usages[0]))

/* TEXT broken between words, each new line indented as the first one is. */
static void add_wrapped(struct buf *out, const char *text)
{
	struct str rest = str_of(text), word;
	size_t column = HELP_INDENT;
	bool first = true;

	while (str_take_char(&rest, ' ', &word)) {
		if (!first && column + 1 + word.len > HELP_WIDTH) {
			buf_addf(out, "\n%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else if (!first) {
			buf_char(out, ' ');
			column++;
		}
		buf_str(out, word);
		column += word.len;
		first = false;
	}
	buf_char(out, '\n');
}

static void help_row(struct buf *out, const struct option_row *row)
{
	size_t start = out->len, used;

	if (row->letter)
		buf_addf(out, "  -%c, --%s", row->letter, row->name);
	else
		buf_addf(out, "      --%s", row->name);
	if (row->arg)
		buf_addf(
			out, "%c%s", row->letter ? ' ' : '=', row->values ? row->values : row->arg);
	used = out->len - start;
	if (used + 1 > HELP_INDENT) {
		buf_char(out, '\n');
		used = 0;
	}
	buf_addf(out, "%*s", (int)(HELP_INDENT - used), "");
	add_wrapped(out, row->help);
}

void options_help(struct buf *out)
{
	unsigned i;

	buf_puts(out,
		"ioriot records what programs do to file systems and replays it elsewhere.\n\n");
	for (i = 0; i < USAGES; i++)
		buf_addf(out, "  ioriot %-35s %s\n", usages[i].line, usages[i].what);
	buf_puts(out, "\nCommands\n");
	for (i = 0; i < option_count; i++) {
		if (i && option_rows[i].alone == COMMAND_NONE &&
			option_rows[i - 1].alone != COMMAND_NONE)
			buf_puts(out, "\nOptions\n");
		help_row(out, &option_rows[i]);
	}
	buf_puts(out,
		"\nExit status: 0 done, 1 failed, 2 wrong command line, 3 done but records were "
		"lost\nor the replay diverged in what is not explained, 4 this host lacks something "
		"that is\nneeded.\n");
}

static size_t man_column(const struct buf *out)
{
	const char *line = out->len ? memrchr(out->p, '\n', out->len) : NULL;

	return line ? (size_t)(out->p + out->len - (line + 1)) : out->len;
}

/* "-r," becomes the macro line ".Fl r ,". */
static void man_flag(struct buf *out, struct str word)
{
	size_t end = word.len;

	while (end > 1 && strchr(".,;:", word.s[end - 1]))
		end--;
	if (man_column(out))
		buf_char(out, '\n');
	buf_addf(out, ".Fl %s%.*s", word.s[1] == '-' ? "\\" : "", (int)(end - 1), word.s + 1);
	for (; end < word.len; end++)
		buf_addf(out, " %c", word.s[end]);
	buf_char(out, '\n');
}

/* mdoc: options inside the text are macros, a sentence begins a line, lines stay below 80. */
static void man_text(struct buf *out, const char *text)
{
	struct str rest = str_of(text), word;

	while (str_take_char(&rest, ' ', &word)) {
		size_t column = man_column(out);

		if (word.len >= 2 && word.s[0] == '-') {
			man_flag(out, word);
			continue;
		}
		if (column)
			buf_char(out, column + word.len < 78 ? ' ' : '\n');
		buf_str(out, word);
		if (word.len && word.s[word.len - 1] == '.')
			buf_char(out, '\n');
	}
	if (man_column(out))
		buf_char(out, '\n');
}

void options_man(struct buf *out)
{
	const struct option_row *row;

	buf_puts(out, ".Bl -tag -width Ds\n");
	for (row = option_rows; row < option_rows + option_count; row++) {
		buf_puts(out, ".It ");
		if (row->letter)
			buf_addf(out, "Fl %c%s%s , ", row->letter, row->arg ? " Ar " : "",
				row->arg ? row->arg : "");
		buf_addf(out, "Fl -%s%s%s\n", row->name, row->arg ? " Ns = Ns Ar " : "",
			row->arg ? row->arg : "");
		man_text(out, row->help);
		if (row->values)
			buf_addf(out, ".Ar WORD\nis\n.Ql %s .\n", row->values);
	}
	buf_puts(out, ".El\n");
}

static void completion_words(struct buf *out, const struct option_row *row)
{
	struct str rest = str_of(row->values), word;

	if (!row->values)
		return;
	buf_addf(out, "\t--%s)\n\t\tmapfile -t COMPREPLY < <(compgen -W \"", row->name);
	while (str_take_char(&rest, '|', &word))
		buf_addf(out, "%s%.*s", word.s == row->values ? "" : " ", (int)word.len, word.s);
	buf_puts(out, "\" -- \"$cur\")\n\t\t;;\n");
}

/* "-x|--pid" of all options whose value is called ARG. */
static void completion_case(struct buf *out, const char *arg, const char *compgen)
{
	const struct option_row *row;
	size_t start;

	buf_char(out, '\t');
	start = out->len;
	for (row = option_rows; row < option_rows + option_count; row++) {
		if (!row->arg || strcmp(row->arg, arg) != 0)
			continue;
		if (row->letter)
			buf_addf(out, "%s-%c", out->len > start ? " | " : "", row->letter);
		buf_addf(out, "%s--%s", out->len > start ? " | " : "", row->name);
	}
	buf_addf(out, ")\n\t\tmapfile -t COMPREPLY < <(compgen %s -- \"$cur\")\n\t\t;;\n", compgen);
}

void options_completion(struct buf *out)
{
	const struct option_row *row;

	buf_puts(out,
		"# bash completion for ioriot, made from its option table\n"
		"_ioriot() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i\n"
		/* readline makes a word of its own of the '=' in --data=zero */
		"\tif [[ $cur == = ]]; then\n\t\tcur=\n"
		"\telif [[ $prev == = ]]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tif [[ ${COMP_WORDS[i]} == -- ]]; then\n"
		"\t\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
		"\t\t\treturn\n\t\tfi\n\tdone\n"
		"\tcase $prev in\n");
	completion_case(out, "FILE", "-f");
	completion_case(out, "DIR", "-d");
	completion_case(out, "USER", "-u");
	completion_case(out, "PID", "-W \"$(cd /proc && printf '%s ' [0-9]*)\"");
	for (row = option_rows; row < option_rows + option_count; row++)
		completion_words(out, row);
	buf_puts(out, "\t*)\n\t\tmapfile -t COMPREPLY < <(compgen -W \"");
	for (row = option_rows; row < option_rows + option_count; row++)
		buf_addf(out, "--%s%s", row->name, row + 1 < option_rows + option_count ? " " : "");
	buf_puts(out, "\" -- \"$cur\")\n\t\t;;\n\tesac\n}\n"
		      "complete -o filenames -F _ioriot ioriot\n");
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the documents say is there, is there.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

cd "$SOURCE" || exit 1

# Links between the documents, and files that are named in backticks.
broken=
for doc in *.md docs/*.md; do
	while IFS= read -r target; do
		[ -e "$(dirname "$doc")/$target" ] || broken="$broken $doc:$target"
	done < <(grep -oP '\]\(\K[^)#:]+(?=(#[^)]*)?\))' "$doc")
	while IFS= read -r target; do
		[ -e "$target" ] || broken="$broken $doc:$target"
	done < <(grep -oP '`\K(src|tests|scripts|docs)/[A-Za-z0-9_./-]+(?=`)' "$doc")
done
equal "every file that the documents name exists" "$broken" ""

# Every row of the feature table has a test that exists and can be run.
bad=
while IFS='|' read -r _ id _ what proof _; do
	id=${id// /}
	[[ $id =~ ^[RNTB]-[0-9]+$ ]] || continue
	[ -n "${what// /}" ] || bad="$bad $id:empty"
	proofs=$(grep -oP '`\Ktests/[^`]+(?=`)' <<<"$proof")
	[ -n "$proofs" ] || bad="$bad $id:no-test"
	for test in $proofs; do
		[ -e "$test" ] || bad="$bad $id:$test"
	done
done < <(sed '/^## Not here/,$d' docs/features.md)
equal "every feature names a test that exists" "$bad" ""
twice=$(grep -oP '^\| *\K[RNTB]-[0-9]+(?= *\|)' docs/features.md | sort | uniq -d | tr '\n' ' ')
equal "no feature stands twice" "$twice" ""

# Every row of the operation table is called by a test and stands in both format documents.
calls=$(cat scripts/syscall_matrix.c tests/ops/* tests/e2e/*.[ch] tests/e2e/layers.sh tests/e2e/names.sh tests/unit/*.c 2>/dev/null)
untested='' unwritten=''
while read -r op kind; do
	grep -qw -- "$op" <<<"$calls" || untested="$untested $op"
	grep -qw -- "$op" docs/capture-format.md || unwritten="$unwritten capture:$op"
	[ "$kind" = OPF_LAYER ] || grep -qw -- "$op" docs/replay-format.md || unwritten="$unwritten replay:$op"
done < <(sed -nE 's/^OP\((\w+),(.* (OPF_LAYER),)?.*/\1 \3/p' src/ops/ops.def)
equal "every operation has a test" "$untested" ""
equal "every operation is in the format documents" "$unwritten" ""
unexplained=
while read -r op; do
	for doc in docs/layers.md docs/man/ioriot-layers.7; do
		grep -qw -- "$op" "$doc" || unexplained="$unexplained $doc:$op"
	done
done < <(sed -nE 's/^OP\((\w+),.* OPF_LAYER,.*/\1/p' src/ops/ops.def | grep -v '^state_')
equal "every event is explained" "$unexplained" ""
unexplained=
while read -r hook; do
	for doc in docs/layers.md docs/man/ioriot-layers.7; do
		tr -d '\134' < "$doc" | grep -qw -- "$hook" || unexplained="$unexplained $doc:$hook"
	done
done < <(sed -nE 's/^HOOK(_ALWAYS|_OF)?\((\w+, )?(\w+), (BIT|HELPS).*/\3/p
	s/^HOOK_(ROW|FUNCTION|AROUND|PROBED)\(\w+, \w+, (\w+), .*/\2/p' src/capture/hooks.def | sort -u)
equal "and every hook named" "$unexplained" ""

# Every long option is explained in the manual page and shown by -h.
missing=
for option in $("$IORIOT" -h | grep -oP '(?<=[ ,]--)[a-z-]+' | sort -u); do
	grep -q "Fl -$option\b" docs/man/ioriot.1 || missing="$missing $option"
done
equal "every option is in ioriot(1)" "$missing" ""
done_testing

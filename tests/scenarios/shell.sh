#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A shell script with pipes, here-documents, appending, redirection of many descriptors, cd, umask,
# subshells and background jobs.
# shellcheck source=../scenario_lib.sh
. "$TESTS/scenario_lib.sh"

setup() {
	cat > script.sh <<'SCRIPT'
set -e
mkdir -p data/sub out
cat > data/list <<END
three
one
two
END
for n in $(seq 20); do
	echo "line $n of $$" >> data/log
done
sort data/list | sed 's/$/!/' | tee out/sorted | wc -l > out/count
exec 3>out/third 4<data/log
read -r first <&4
echo "$first" >&3
exec 3>&- 4<&-
(cd data/sub && umask 077 && echo secret > private && ln -s ../list link && mv private ../moved)
find data -type f | while read -r name; do
	cp "$name" "out/$(basename "$name").copy"
	cp -p "$name" "out/$(basename "$name").same"
done
(for n in 1 2 3 4 5; do echo "a $n" >> out/both; done) &
(for n in 1 2 3 4 5; do echo "b $n" >> out/both; done) &
wait
sed 's/line/LINE/' data/log > data/log.new && mv data/log.new data/log
head -c 100000 /dev/zero | tr '\0' 'x' > out/big
dd if=out/big of=out/part bs=1000 skip=3 count=5 status=none
test ! -e out/never || exit 1
if cat out/never 2>/dev/null; then exit 1; fi
rm -r data/sub
ls -lR . > out/listing
bash -c 'cat <(sort data/list) <(echo end) > out/substituted'
SCRIPT
}

scenario shell . bash ./script.sh
done_testing

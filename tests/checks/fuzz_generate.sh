#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 1200
# A real capture, and those of older versions, damaged in many ways, through generate and init under ASan and UBSan.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

rounds=${FUZZ_ROUNDS:-150}
seed=${FUZZ_SEED:-1} # "make soak" takes a new one each time; a failure names it
build build-asan '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' ioriot
cat > program.sh <<'EOF'
mkdir a a/b; echo hello > a/f; ln a/f a/g; ln -s ../f a/b/l; cat a/b/l; mv a/b a/c
(cat a/f & cat a/g & wait) | sort > sorted; cat a/f > a/c/h; rm -r a
EOF
check "a capture to damage" "$IORIOT" -c whole.capture --quiet -- sh program.sh
check "$rounds damaged captures, seed $seed" python3 "$TESTS/fuzz/mutate_capture.py" \
	"$SOURCE/build-asan/ioriot" whole.capture "$PWD" "$rounds" "$seed"
mkdir w
head -c 1000000 /dev/zero > start
check "a program of asynchronous I/O" cc -O1 -pthread -o aio "$TESTS/scenarios/aio.c"
check "a capture of it to damage" "$IORIOT" -c aio.capture --quiet -- ./aio mix
check "$((rounds / 3)) times damaged, seed $seed" python3 "$TESTS/fuzz/mutate_capture.py" \
	"$SOURCE/build-asan/ioriot" aio.capture "$PWD" "$((rounds / 3))" "$seed"
for old in "$TESTS"/corpus/v[34]/*.capture; do
	check "$((rounds / 6)) times ${old#"$TESTS/"} damaged, seed $seed" \
		python3 "$TESTS/fuzz/mutate_capture.py" \
		"$SOURCE/build-asan/ioriot" "$old" "$PWD" "$((rounds / 6))" "$seed"
done
done_testing

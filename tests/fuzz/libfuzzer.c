/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

/*
 * One property (-DTARGET=fuzz_capture ...) for libFuzzer, https://llvm.org/docs/LibFuzzer.html:
 *   make BUILD=build-fuzz CC=clang EXTRA_CFLAGS=-fsanitize=fuzzer-no-link,address build-fuzz/libfuzzer_capture
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	TARGET(data, len);
	return 0;
}

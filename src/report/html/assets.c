/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html/assets.h"

#include <stdint.h>

#include "html/hashes.h"

#define ASSET(name, file)                                                                          \
	__asm__(".section .rodata\n"                                                               \
		".balign 8\n"                                                                      \
		"asset_" #name "_len:\n"                                                           \
		".quad 2f - 1f\n"                                                                  \
		"asset_" #name ":\n"                                                               \
		"1: .incbin \"" ASSETS "/" file "\"\n"                                             \
		"2: .byte 0\n"                                                                     \
		".previous\n");                                                                    \
	extern const char asset_##name[];                                                          \
	extern const uint64_t asset_##name##_len;                                                  \
	struct str assets_##name(void)                                                             \
	{                                                                                          \
		return (struct str){asset_##name, asset_##name##_len};                             \
	}

ASSET(style, "style.css")
ASSET(script, "script.js")
ASSET(flame_script, "flame.js")
ASSET(body, "body.html")

const char *assets_allowed(void)
{
	return SCRIPT_HASHES;
}

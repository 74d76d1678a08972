/* SPDX-License-Identifier: Apache-2.0 */
/* bpf_program N: stops, makes N calls that fail, is called "made", stops again. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

	raise(SIGSTOP);
	while (n--)
		lseek(-1, n, SEEK_SET);
	prctl(PR_SET_NAME, "made");
	raise(SIGSTOP);
	return 0;
}

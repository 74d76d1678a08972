/* SPDX-License-Identifier: Apache-2.0 */
/* counted COMMAND...: runs it, and prints its PID and how many minor and major page faults the kernel counted. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t pid = argc > 1 ? fork() : -1;

	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 1;
	printf("%d %ld %ld\n", (int)pid, used.ru_minflt, used.ru_majflt);
	return status != 0;
}

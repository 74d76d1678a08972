/* SPDX-License-Identifier: Apache-2.0 */
/* N children, one at a time: each writes to a file of its own beside one that its parent holds. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int i, n = argc > 1 ? atoi(argv[1]) : 0, status;

	if (n <= 0 || open("held", O_RDWR | O_CREAT, 0644) < 0)
		return 2;
	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid) {
			int fd = open("child", O_RDWR | O_CREAT, 0644);

			_exit(write(fd, "x", 1) != 1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}

# SPDX-License-Identifier: Apache-2.0
"""Job control on a terminal: an interactive shell runs ioriot, which must be as its program."""
import os
import pty
import re
import select
import sys
import time

IORIOT = os.environ["IORIOT"]


class Shell:
    def __init__(self):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ["PS1"] = "ready> "
            os.environ["INPUTRC"] = "/dev/null"
            os.execvp("bash", ["bash", "--norc", "--noediting", "-i"])
        self.seen = ""

    def send(self, text):
        os.write(self.fd, text.encode())

    def expect(self, regex, seconds=60):
        """Waits until REGEX comes, and takes and returns all up to its end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = re.search(regex, self.seen, re.S)
            if m:
                taken, self.seen = self.seen[:m.end()], self.seen[m.end():]
                return taken
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 4096).decode("utf-8", "replace")
                except OSError:
                    break
        sys.exit(f"no {regex!r} in {self.seen!r}")

    def foreground(self, name, seconds=60):
        """Waits until the terminal is a job's whose first process is NAME."""
        end = time.monotonic() + seconds
        comm = None
        while time.monotonic() < end:
            try:
                with open(f"/proc/{os.tcgetpgrp(self.fd)}/comm", encoding="ascii") as f:
                    comm = f.read().strip()
            except OSError:  # it just ended
                pass
            if comm == name:
                return
            time.sleep(0.02)
        sys.exit(f"{name} is not in the foreground, {comm} is")


def main():
    sh = Shell()
    sh.expect("ready> ")

    # ^Z stops the job, fg continues it, ^C ends it as it ends the program
    sh.send(f"{IORIOT} --quiet -c j.capture -- cat\n")
    sh.expect("-- cat\r\n")
    sh.send("one\n")
    sh.expect("one\r\none\r\n")
    sh.send("\x1a")
    sh.expect(r"Stopped.*ready> ")
    sh.send("fg\n")
    sh.expect("-- cat\r\n")
    sh.send("two\n")
    sh.expect("two\r\ntwo\r\n")
    sh.send("\x03")
    sh.expect("ready> ")
    sh.send("echo status=$?\n")
    sh.expect("status=130\r\n")
    sh.expect("ready> ")

    # a shell inside has job control of its own
    sh.send(f"PS1='inner> ' {IORIOT} --quiet -c j.capture -- bash --norc --noediting -i\n")
    sh.expect("\ninner> ")
    sh.send("sleep 100\n")
    sh.foreground("sleep")
    sh.send("\x1a")
    sh.expect(r"Stopped.*inner> ")
    sh.send("fg\n")
    sh.expect("sleep 100\r\n")
    sh.foreground("sleep")  # the shell says so before it hands the terminal over
    sh.send("\x03")
    sh.expect("inner> ")
    sh.send("exit 5\n")
    sh.expect("ready> ")
    sh.send("echo status=$?\n")
    sh.expect("status=5\r\n")
    sh.expect("ready> ")

    # reading from the terminal in the background stops the job
    sh.send(f"{IORIOT} --quiet -c j.capture -- cat &\n")
    sh.expect("ready> ")
    for _ in range(600):
        sh.send("jobs\n")
        if "Stopped" in sh.expect("ready> "):
            break
        time.sleep(0.1)
    else:
        sys.exit("it was not stopped")
    sh.send("fg\n")
    sh.expect("-- cat\r\n")
    sh.send("three\n")
    sh.expect("three\r\nthree\r\n")
    sh.send("\x04")
    sh.expect("ready> ")
    sh.send("exit\n")


if __name__ == "__main__":
    main()

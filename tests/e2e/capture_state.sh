#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The state records: what names, descriptors and directories were before the program touched them.
# shellcheck source=../lib.sh
. "$TESTS/lib.sh"

here=$(pwd -P)
mkdir -p real/sub dir/inner
echo a >real/a
echo b >real/sub/b
echo c >real/sub/c
ln -s real link
ln -s "$here/real/sub" abs
ln -s nowhere dangling
ln -s loop2 loop1 && ln -s loop1 loop2
ln real/a hard
mkfifo fifo
truncate -s 1M sparse && printf x | dd of=sparse bs=1 seek=524288 conv=notrunc status=none
truncate -s 1M hole

# capture NAME COMMAND: COMMAND of a shell, recorded to NAME
capture() {
	"$IORIOT" --quiet -c "$1" -- sh -c "$2" >/dev/null 2>&1
	check "$1: invariants" python3 "$TESTS/capture_check.py" "$1"
}

# What the state_path record of a name below the test's directory says, without the numbers that vary.
state() { # CAPTURE NAME
	sed -nE "s|.*o=state_path;:,p=$here/$2;:,(P=[^;]*;:,)?(v=[^;]*;:,)?x=([^;]*);:,$|\\1\\2\\3|p" "$1" |
		sed -E 's/;:,/ /g; s/[0-9]+:[0-9]+:[0-9]+:(0[0-7]+):[^ ]*/\1/; s/ $//'
}

capture a 'cat link/a abs/b dangling loop1 missing/deeper sparse hole hard; cat < fifo & echo x > fifo; wait'
equal "a directory" "$(state a real)" 040755
equal "a file" "$(state a real/a)" 0100644
equal "a link" "$(state a link)" "P=real 0120777"
equal "an absolute link" "$(state a abs)" "P=$here/real/sub 0120777"
equal "behind an absolute link" "$(state a real/sub/b)" 0100644
equal "not touched" "$(state a real/sub/c)" ""
equal "a dangling link" "$(state a dangling)" "P=nowhere 0120777"
equal "what a dangling link points to" "$(state a nowhere)" -
equal "a loop" "$(state a loop1)" "P=loop2 0120777"
equal "a missing directory" "$(state a missing)" -
equal "below a missing directory" "$(state a missing/deeper)" ""
equal "a fifo" "$(state a fifo)" 010644
equal "data and holes" "$(state a sparse)" "v=524288+4096 0100644"
equal "one hole" "$(state a hole)" "v=- 0100644"
equal "links of a file" "$(sed -nE "s|.*p=$here/hard;:,x=([^;]*);.*|\\1|p" a | cut -d: -f5)" 2
equal "each name once" "$(grep -o 'o=state_path;:,p=[^;]*' a | sort | uniq -d)" ""

capture b 'ls real; cat real/sub/b'
equal "a listed directory" "$(grep -o "p=$here/real/[a-z]*;:,x=" b | sort | tr '\n' ' ')" \
	"p=$here/real/a;:,x= p=$here/real/sub;:,x= "
equal "listed before it is read" \
	"$(grep -nE "o=getdents64;|p=$here/real/sub;:,x=" b | head -2 | sed -E 's/.*o=([a-z0-9_]+).*/\1/' | tr '\n' ' ')" \
	"state_path getdents64 "

# What is known of a directory's names moves with it: only d/new is new to us.
capture c 'cat real/sub/b; mv real moved; cat moved/sub/b moved/sub/c moved/a; mkdir real; cat real/a; mv real/none moved; mv moved real/; mv real/moved .; rmdir real; mv moved real'
equal "moved: target was not there" "$(state c moved)" -
equal "moved: known under its first name" "$(state c real/sub/b)" 0100644
equal "moved: not again" "$(state c moved/sub/b)" ""
equal "moved: new names by where they are" "$(state c moved/sub/c)" 0100644
equal "made anew: nothing is known of what is in it" "$(state c real/a)" -

capture d 'cd dir; cat x; cd inner; cat y; rmdir ../inner; cat z; cd ..; cat ./w ../v'
equal "relative names" "$(state d dir/x)$(state d dir/inner/y)$(state d dir/w)$(state d v)" "----"
equal "in a removed directory" "$(state d dir/inner/z)" ""

capture e 'cat /proc/self/status /sys/kernel/mm/transparent_hugepage/enabled /dev/null; ls /proc/self/fd'
equal "pseudo file systems" "$(grep -cE 'o=state_path;:,p=/(proc|sys/kernel|dev)/' e)" 0
equal "their mount points" "$(grep -cE 'o=state_path;:,p=/(proc|sys|dev);:,x=' e)" 3

# of two mounts at one place only the upper one can be reached
equal "all mounts" "$(grep -c 'o=state_mount;' e)" "$(cut -d' ' -f5 /proc/self/mountinfo | sort -u | wc -l)"
equal "the root's mount" "$(grep -cE "o=state_mount;:,p=/;:,P=$(stat -fc %T / | cut -c1-3)" e)" 1
equal "the task" "$(sed -nE 's/.*o=state_task;:,//p' e)" \
	"p=$here;:,P=/;:,m=022;:,U=$(id -u);:,G=$(id -g);:,q=0;:,"

# Descriptors that the program gets: flags, offset, close-on-exec ones are none.
exec 7<>real/a 8>>hard 9>&8
read -r -n1 _ <&7
(umask 077 && "$IORIOT" --quiet -c f -- true)
exec 7>&- 8>&- 9>&-
equal "read and write descriptor" "$(sed -nE "s|.*o=state_fd;:,d=7;:,p=$here/real/a;:,f=([0-9]+);:,O=([0-9]+);:,x=.*|\\1 \\2|p" f)" \
	"$((2 | 0100000)) 1"
equal "appending descriptor" "$(sed -nE "s|.*o=state_fd;:,d=8;:,p=$here/hard;:,f=([0-9]+);:,O=([0-9]+);:,x=.*|\\1 \\2|p" f)" \
	"$((1 | 02000 | 0100000)) 0"
equal "descriptor of the same description" "$(sed -nE "s|.*i=([0-9]+):.*o=state_dup;:,d=9;:,q=\\1;:,e=8;:,f=([0-9]+);:,$|\\2|p" f)" \
	"$((1 | 02000 | 0100000))"
equal "the name of a descriptor" "$(state f real/a)" 0100644
equal "umask" "$(grep -c 'o=state_task;.*m=077;' f)" 1

done_testing

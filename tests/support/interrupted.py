"""Run a command in a terminal, and interrupt it as soon as it has printed something.

    interrupted.py INT|KILL PATTERN COMMAND…

INT is Ctrl-C. KILL ends each process that the command has started, as a machine that loses its power does. Exits with 0
when the command was interrupted, with 1 when it ended before.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import sys
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The processes below one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(errors="replace")
        except OSError:  # it has ended
            continue
        parents[int(stat.parent.name)] = int(text[text.rindex(")") + 2 :].split()[1])
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == parent]
    return found


def kill(pid: int) -> None:
    """Stop all first, so that none starts another or tidies up; engines stay, as they would under systemd."""
    all_of_them = [one for one in descendants(pid) if b"dockerd" not in Path(f"/proc/{one}/cmdline").read_bytes()]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for one in all_of_them:
            os.kill(one, number)


def main() -> int:
    how, pattern, *command = sys.argv[1:]
    pid, terminal = pty.fork()
    if not pid:
        os.execvp(command[0], command)
    said, sent = "", False
    while True:
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:  # Linux says so when nobody has the terminal open any more
            part = b""
        if not part:
            break
        said += part.decode(errors="replace")
        if not sent and re.search(pattern, said):
            sent = True
            kill(pid) if how == "KILL" else os.write(terminal, b"\x03")
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(f"{said}\n== interrupted: {sent}, ended with {code}", file=sys.stderr)
    return 0 if sent and code else 1


if __name__ == "__main__":
    sys.exit(main())

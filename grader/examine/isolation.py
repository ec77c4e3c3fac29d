"""How well grading is kept apart on this machine."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache


@cache
def sandbox_problem() -> str:
    """Why learners' cells cannot be put into a sandbox here, "" when they can. Tried, not guessed."""
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap (`bwrap`) is not installed"
    command = [program, "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"bubblewrap cannot make a sandbox: {done.stderr.strip()[:300]}"

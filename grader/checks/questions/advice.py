"""What hadolint advises about a Dockerfile. Advice is shown and never counts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from grader.checks.check import could_not_check, failed
from grader.checks.named import Dockerfile
from grader.checks.questions.instructions import inside, instructions
from grader.checks.trial import Trial

# Rules that the course's own base images cannot keep: they have one tag, and Debian packages without versions.
NOT_ASKED = ("DL3006", "DL3007", "DL3008", "DL3013", "DL3016", "DL3018")
WITHIN = 20  # seconds
SHOWN = 3


def lint(subject: Dockerfile, trial: Trial) -> str:
    """Nothing is advised."""
    instructions(trial, subject.source)
    said = advise(inside(trial, subject.path))
    if said:
        more = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
        raise failed("dockerfile.advice", path=subject.path, said="; ".join(said[:SHOWN]) + more)
    return "nothing to advise"


def advise(file: Path) -> list[str]:
    """One sentence for each thing that hadolint would do in another way, with its line and its rule.

    Raises:
        Unmet: `grader.no_hadolint`.
    """
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if program is None:
        raise could_not_check("grader.no_hadolint", reason="the program is not installed")
    ignored = [word for rule in NOT_ASKED for word in ("--ignore", rule)]
    try:
        done = subprocess.run(
            [program, "--no-fail", "--format", "json", *ignored, str(file)],
            capture_output=True,
            timeout=WITHIN,
            check=True,
            text=True,
        )
        return [f"line {each['line']}: {each['message']} ({each['code']})" for each in json.loads(done.stdout)]
    except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
        raise could_not_check("grader.no_hadolint", reason=type(error).__name__) from None

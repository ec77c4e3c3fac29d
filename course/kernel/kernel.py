"""The kernel itself: plain IPython, attached to a session before the first cell runs."""

from __future__ import annotations

import sys
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from traitlets import Type

from course.kernel import no_session, way
from course.kernel.after_import import after_import
from course.kernel.interrupt import WORK
from course.kernel.made import MADE
from course.kernel.shell import SlipwayShell
from course.lesson.together import TOGETHER
from course.session.attach import ATTACHMENT


class SlipwayKernel(IPythonKernel):
    """An IPythonKernel that holds a lease on its workspace's session.

    The lease is asked for in a thread, so that it costs the start of the kernel nothing; the first cell waits for it.
    A failure is kept and raised by the set-up cell (`course.lesson.setup`), where somebody reads it.
    """

    implementation = "slipway"
    shell_class = Type(SlipwayShell)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]  # ipykernel is not annotated
        shell: Any = self.shell
        if "" not in sys.path:
            sys.path.append("")  # last: the lesson's own modules can be imported, and never hide a package
        WORK.install()
        after_import("docker.errors", no_session.explain)
        events = shell.events
        events.register("pre_execute", ATTACHMENT.ready)
        events.register("pre_run_cell", WORK.begin)
        events.register("post_run_cell", WORK.end)
        for noted in (MADE, TOGETHER):
            events.register("pre_run_cell", noted.begin)
            events.register("post_run_cell", noted.end)
        events.register("post_run_cell", way.show_way)
        from course.kernel.magics import SlipwayMagics

        shell.register_magics(SlipwayMagics)

    def start(self) -> None:
        """Begin to listen, and to attach."""
        super().start()  # type: ignore[no-untyped-call]  # ipykernel is not annotated
        ATTACHMENT.start()

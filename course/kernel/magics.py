"""The course's magics: each is a thin face of a public function, which is imported when the magic is first used."""

# mypy: disable-error-code="untyped-decorator"
# (IPython's magic decorators carry no types; what the magics call does)
from __future__ import annotations

import shlex
from pathlib import Path

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring


@magics_class
class SlipwayMagics(Magics):
    """`%%dockerfile`, `%docker`, `%setup`, `%hint`, `%reset`, `%score`."""

    @magic_arguments()
    @argument("name", help="The image's name, such as shop or shop:1.")
    @argument("--tag", "-t", action="append", default=[], help="A further name for the image; may be repeated.")
    @argument("--file", "-f", default="Dockerfile", help="Where to write the Dockerfile, relative to the context.")
    @argument("--context", help="The folder to build from: by default the folder called NAME, else this one.")
    @argument("--nocache", "--no-cache", action="store_true", help="Run every instruction, whatever the cache holds.")
    @argument("--build-arg", action="append", default=[], metavar="KEY=VALUE", help="A value for an ARG; repeatable.")
    @cell_magic
    def dockerfile(self, line: str, cell: str) -> None:
        """Write the cell to a Dockerfile and build it; an instruction that fails is an error.

        See `course.kernel.dockerfile.build_dockerfile`.
        """
        from course.kernel.dockerfile import build_dockerfile
        from course.widgets.work_picture import InPlace

        options = parse_argstring(self.dockerfile, line)
        build_dockerfile(
            cell,
            options.name,
            tags=options.tag,
            file=options.file,
            context=Path(options.context) if options.context else None,
            nocache=options.nocache,
            buildargs=dict(pair.partition("=")[::2] for pair in options.build_arg),
            screen=InPlace(),
        )

    @no_var_expand  # {{.Names}} is for docker, not for IPython
    @line_magic
    def docker(self, line: str) -> None:
        """Run the docker command in this session. See `course.kernel.cli.docker`."""
        from course.kernel.cli import docker

        docker(shlex.split(line))

    @magic_arguments()
    @argument("lesson", help="The lesson's id, such as L01.")
    @line_magic
    def setup(self, line: str) -> None:
        """Make this notebook ready for a lesson. See `course.lesson.setup`."""
        from course.lesson import setup

        setup(parse_argstring(self.setup, line).lesson)

    @magic_arguments()
    @argument("exercise", nargs="?", help="The exercise's id, such as L01-stay-up.")
    @line_magic
    def hint(self, line: str) -> None:
        """Show the next hint of an exercise. See `course.lesson.hint`."""
        from course.lesson import hint

        hint(parse_argstring(self.hint, line).exercise)

    @magic_arguments()
    @line_magic
    def reset(self, line: str) -> None:
        """Remove what this lesson made on the engine. See `course.lesson.reset`."""
        from course.lesson import reset

        parse_argstring(self.reset, line)  # IPython's own %reset has options; say so, do not ignore them
        reset()

    @magic_arguments()
    @argument("lesson", nargs="?", help="The lesson's id; by default the one that was set up.")
    @line_magic
    def score(self, line: str) -> None:
        """Show the points of this lesson. See `course.lesson.score`."""
        from course.lesson import score

        score(parse_argstring(self.score, line).lesson)

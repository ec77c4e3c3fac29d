"""What can be asked about an image."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from grader.checks import named
from grader.checks.check import Check
from grader.checks.questions import files, identity, isolation, layers, metadata, running, serving, sharing
from grader.checks.subjects.naming import ask
from grader.checks.text import Wanted


class Image(named.Image):
    """An image of the learner's, by name, or the one that a Dockerfile of theirs gives."""

    # -- identity ------------------------------------------------------------------------------------------------

    def exists(self) -> Check:
        """There is an image of this name."""
        return ask("image.exists", partial(identity.exists, self), image=self.ref)

    def same_as(self, other: Image | str) -> Check:
        """Both names stand for one image id, also across machines."""
        other = _image(other, self.machine)
        return ask("image.same_as", partial(identity.same, self, other), image=self.ref, other=other.ref)

    def differs_from(self, other: Image | str) -> Check:
        """The two names stand for two image ids."""
        other = _image(other, self.machine)
        return ask("image.differs_from", partial(identity.differs, self, other), image=self.ref, other=other.ref)

    def same_digest_as(self, other: Image | str) -> Check:
        """Both came from, or went to, a registry under one digest: push here, pull there."""
        other = _image(other, self.machine)
        return ask("image.same_digest_as", partial(identity.same_digest, self, other), image=self.ref, other=other.ref)

    # -- layers and size -----------------------------------------------------------------------------------------

    def descends_from(self, base: Image | str) -> Check:
        """The image was built on this base: the base's layers are its first layers."""
        base = _image(base, self.machine)
        return ask("image.descends_from", partial(layers.descends, self, base), image=self.ref, base=base.ref)

    def shares_layers(self, other: Image | str, at_least: int = 1) -> Check:
        """The two images have at least so many first layers in common."""
        other = _image(other, self.machine)
        return ask(
            "image.shares_layers", partial(layers.shares, self, other, at_least), image=self.ref, other=other.ref
        )

    def size_at_most(self, times: float, of: Image | str) -> Check:
        """The image is at most so many times as large as another one. Never an absolute number of bytes."""
        other = _image(of, self.machine)
        return ask(
            "image.size_at_most", partial(layers.size_at_most, self, times, other), image=self.ref, other=other.ref
        )

    # -- metadata ------------------------------------------------------------------------------------------------

    def cmd(self, *words: str) -> Check:
        """CMD is these words; with no words, there is a CMD."""
        return ask("image.cmd", partial(metadata.command, self, "CMD", words), image=self.ref)

    def entrypoint(self, *words: str) -> Check:
        """ENTRYPOINT is these words; with no words, there is an ENTRYPOINT."""
        return ask("image.entrypoint", partial(metadata.command, self, "ENTRYPOINT", words), image=self.ref)

    def exec_form(self, instruction: str = "CMD") -> Check:
        """CMD or ENTRYPOINT starts the program itself, without a shell around it."""
        return ask(
            "image.exec_form", partial(metadata.exec_form, self, instruction), image=self.ref, instruction=instruction
        )

    def env(self, name: str, value: Wanted | None = None) -> Check:
        """ENV sets this variable, to this value where one is given."""
        return ask("image.env", partial(metadata.env, self, name, value), image=self.ref, name=name)

    def exposes(self, port: int, protocol: str = "tcp") -> Check:
        """EXPOSE names this port."""
        return ask("image.exposes", partial(metadata.exposes, self, port, protocol), image=self.ref, port=port)

    def user(self, name: str) -> Check:
        """USER is this name or number."""
        return ask("image.user", partial(metadata.user, self, name), image=self.ref, user=name)

    def not_root(self) -> Check:
        """USER is somebody other than root, by name or by number, also when a name stands for number 0."""
        return ask("image.not_root", partial(metadata.not_root, self), image=self.ref)

    def workdir(self, path: str) -> Check:
        """WORKDIR is this folder."""
        return ask("image.workdir", partial(metadata.workdir, self, path), image=self.ref, path=path)

    def label(self, name: str, value: Wanted | None = None) -> Check:
        """LABEL sets this key, to this value where one is given."""
        return ask("image.label", partial(metadata.label, self, name, value), image=self.ref, name=name)

    def healthcheck(self) -> Check:
        """HEALTHCHECK is set."""
        return ask("image.healthcheck", partial(metadata.healthcheck, self), image=self.ref)

    # -- files, without starting anything ------------------------------------------------------------------------

    def has_file(
        self, path: str, contains: Wanted | None = None, equals: str | None = None, mode: int | None = None
    ) -> Check:
        """The file or folder is there; with this text in it, this whole text, these permission bits, where given."""
        return ask("image.has_file", partial(files.has, self, path, contains, equals, mode), image=self.ref, path=path)

    def lacks_file(self, path: str) -> Check:
        """There is nothing at this path."""
        return ask("image.lacks_file", partial(files.lacks, self, path), image=self.ref, path=path)

    # -- running: each check starts a container of its own and removes it ---------------------------------------

    def runs(
        self,
        *command: str,
        exit_code: int = 0,
        prints: Wanted | None = None,
        errors: Wanted | None = None,
        environment: Mapping[str, str] | None = None,
        within: float = 30.0,
    ) -> Check:
        """A new container ends with this exit code within so many seconds, and prints this.

        Args:
            command: given after the image's name; empty for the image's own.
            exit_code: the code it must end with.
            prints: wanted on standard output.
            errors: wanted on standard error.
            environment: variables for the container.
            within: seconds until the container must have ended.
        """
        question = partial(running.runs, self, command, exit_code, prints, errors, dict(environment or {}), within)
        return ask("image.runs", question, image=self.ref, code=exit_code)

    def stays_up(self, seconds: float = 2.0, *command: str, environment: Mapping[str, str] | None = None) -> Check:
        """A new container is still running after so many seconds."""
        question = partial(running.stays_up, self, seconds, command, dict(environment or {}))
        return ask("image.stays_up", question, image=self.ref, seconds=f"{seconds:g}")

    def serves(
        self,
        path: str = "/",
        *,
        port: int,
        status: int = 200,
        body: Wanted | None = None,
        header: tuple[str, Wanted] | None = None,
        environment: Mapping[str, str] | None = None,
        within: float = 20.0,
    ) -> Check:
        """A new container answers over HTTP within so many seconds; `port` is the one inside the container."""
        wanted = serving.Page(path, status, body, header)
        question = partial(serving.image_serves, self, port, wanted, dict(environment or {}), within)
        return ask("image.serves", question, image=self.ref, port=port, path=path)

    def stops_cleanly(self, within: float = 5.0, exit_code: int | None = None) -> Check:
        """A new container ends by itself when asked to stop, before the engine has to kill it.

        Args:
            within: the grace period in seconds, rounded up to whole ones by the engine.
            exit_code: the code it must end with; None for any that is not a kill.
        """
        return ask("image.stops_cleanly", partial(running.stops_cleanly, self, within, exit_code), image=self.ref)

    def isolates_writes(self, path: str = "/tmp") -> Check:
        """A file written in one new container is absent in a second one, and the image is unchanged.

        Args:
            path: a folder in the image in which the file is made.
        """
        return ask("image.isolates_writes", partial(isolation.of_image, self, path), image=self.ref)

    def survives_save_and_load(self, *command: str, prints: Wanted | None = None) -> Check:
        """Saved to an archive, removed, loaded again: the same id, and it runs."""
        question = partial(sharing.save_and_load, self, command, prints)
        return ask("image.survives_save_and_load", question, image=self.ref)


def _image(other: Image | str, machine: str) -> Image:
    return Image(other, machine) if isinstance(other, str) else other

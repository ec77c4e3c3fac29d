"""What can be asked about one container."""

from __future__ import annotations

from functools import partial

from grader.checks import named
from grader.checks.check import Check
from grader.checks.questions import files, inside, isolation, life, serving, setup
from grader.checks.subjects.image import Image
from grader.checks.subjects.naming import ask
from grader.checks.text import Wanted


class Container(named.Container):
    """A container of the learner's, by name."""

    # -- life cycle ----------------------------------------------------------------------------------------------

    def exists(self) -> Check:
        """There is a container of this name, in whatever state."""
        return ask("container.exists", partial(life.exists, self), container=self.name)

    def removed(self) -> Check:
        """There was a container of this name, and it is gone."""
        return ask("container.removed", partial(life.removed, self), container=self.name)

    def state(self, *wanted: str) -> Check:
        """The status is one of these: created, running, paused, restarting, exited, dead."""
        return ask("container.state", partial(life.state, self, wanted), container=self.name, state=" or ".join(wanted))

    def stays_up(self, seconds: float = 2.0) -> Check:
        """It is running, and it still is, without a restart, after so many seconds."""
        return ask(
            "container.stays_up", partial(life.stays_up, self, seconds), container=self.name, seconds=f"{seconds:g}"
        )

    def exited(self, code: int | None = 0, within: float = 10.0) -> Check:
        """It has ended, or does within so many seconds, with this exit code; None for any code."""
        return ask("container.exited", partial(life.exited, self, code, within), container=self.name)

    def healthy(self, status: str = "healthy", within: float = 20.0) -> Check:
        """Its health check says this within so many seconds."""
        return ask("container.healthy", partial(life.healthy, self, status, within), container=self.name, status=status)

    def restarted(self, at_least: int = 1, within: float = 0.0) -> Check:
        """It was started again, or is within so many seconds: by its policy, or by the learner (a later start)."""
        return ask("container.restarted", partial(life.restarted, self, at_least, within), container=self.name)

    def stops_cleanly(self, within: float = 5.0, exit_code: int | None = None) -> Check:
        """It ends by itself when asked to stop, before the engine has to kill it. It is started again afterwards."""
        question = partial(life.stops_cleanly, self, within, exit_code)
        return ask("container.stops_cleanly", question, container=self.name)

    # -- how it was set up ---------------------------------------------------------------------------------------

    def from_image(self, image: Image | str) -> Check:
        """It was created from this image, by id."""
        image = image if isinstance(image, Image) else Image(image, self.machine)
        return ask("container.from_image", partial(setup.from_image, self, image), container=self.name, image=image.ref)

    def command(self, *words: str) -> Check:
        """It runs these words: entry point and command together."""
        return ask("container.command", partial(setup.command, self, words), container=self.name)

    def env(self, name: str, value: Wanted | None = None) -> Check:
        """This variable is set for it, to this value where one is given."""
        return ask("container.env", partial(setup.env, self, name, value), container=self.name, name=name)

    def label(self, name: str, value: Wanted | None = None) -> Check:
        """It has this label, with this value where one is given."""
        return ask("container.label", partial(setup.label, self, name, value), container=self.name, name=name)

    def publishes(self, port: int, protocol: str = "tcp") -> Check:
        """The port inside is published to a port outside."""
        return ask(
            "container.publishes", partial(setup.publishes, self, port, protocol), container=self.name, port=port
        )

    def on_network(self, network: str, alias: str | None = None) -> Check:
        """It is attached to this network, under this further name where one is given."""
        return ask(
            "container.on_network",
            partial(setup.on_network, self, network, alias),
            container=self.name,
            network=network,
        )

    def mounts(self, volume: str, at: str | None = None) -> Check:
        """It mounts this volume, at this path where one is given."""
        return ask("container.mounts", partial(setup.mounts, self, volume, at), container=self.name, volume=volume)

    def restart_policy(self, name: str) -> Check:
        """Its restart policy: no, on-failure, always or unless-stopped."""
        return ask(
            "container.restart_policy", partial(setup.restart_policy, self, name), container=self.name, policy=name
        )

    def not_root(self) -> Check:
        """It does not run as root."""
        return ask("container.not_root", partial(setup.not_root, self), container=self.name)

    # -- what it does --------------------------------------------------------------------------------------------

    def log(self, wanted: Wanted, stream: str = "both", within: float = 10.0) -> Check:
        """Its log holds this text within so many seconds; `stream` is stdout, stderr or both."""
        return ask("container.log", partial(life.log, self, wanted, stream, within), container=self.name)

    def serves(
        self,
        path: str = "/",
        *,
        port: int,
        status: int = 200,
        body: Wanted | None = None,
        header: tuple[str, Wanted] | None = None,
        within: float = 20.0,
    ) -> Check:
        """It answers over HTTP on its published port; `port` is the one inside the container."""
        wanted = serving.Page(path, status, body, header)
        return ask(
            "container.serves",
            partial(serving.container_serves, self, port, wanted, within),
            container=self.name,
            port=port,
            path=path,
        )

    def executes(self, *command: str, exit_code: int = 0, prints: Wanted | None = None, within: float = 20.0) -> Check:
        """A command run inside it ends with this exit code and prints this."""
        question = partial(inside.executes, self, command, exit_code, prints, within)
        return ask("container.executes", question, container=self.name, command=" ".join(command))

    def reaches(self, url: str, body: Wanted | None = None, within: float = 20.0) -> Check:
        """From its network, this address answers: 127.0.0.1 is the container, and names of its networks are known."""
        return ask("container.reaches", partial(inside.reaches, self, url, body, within), container=self.name, url=url)

    # -- files ---------------------------------------------------------------------------------------------------

    def has_file(
        self, path: str, contains: Wanted | None = None, equals: str | None = None, mode: int | None = None
    ) -> Check:
        """The file or folder is in it; with this text, this whole text, these permission bits, where given."""
        question = partial(files.container_has, self, path, contains, equals, mode)
        return ask("container.has_file", question, container=self.name, path=path)

    def lacks_file(self, path: str) -> Check:
        """There is nothing at this path in it."""
        return ask("container.lacks_file", partial(files.container_lacks, self, path), container=self.name, path=path)

    def changed(self, path: str) -> Check:
        """This path differs from the image: it was added, changed or deleted in the container's own layer."""
        return ask("container.changed", partial(files.changed, self, path), container=self.name, path=path)

    def isolated_from(self, other: Container | str, folder: str = "/tmp") -> Check:
        """A file written in this one is absent in the other, and the image of both is unchanged."""
        other = other if isinstance(other, Container) else Container(other, self.machine)
        question = partial(isolation.of_containers, self, other, folder)
        return ask("container.isolated_from", question, container=self.name, other=other.name)

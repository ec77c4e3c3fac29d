"""Having every base image on an engine: look, fetch what is missing or outdated, test it, keep a copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from filelock import FileLock

from course.engine.errors import translate
from course.images.adapt import adapt
from course.images.contract import verify
from course.images.errors import NoSource, SourceFailed, SourceUnreachable
from course.images.from_archive import ArchiveSource, own_archive, save
from course.images.from_debian import DebianSource
from course.images.from_registry import RegistrySource
from course.images.progress import Report, silent
from course.images.recipe import LABEL_BASE, LABEL_ORIGIN, LABEL_PACKAGES, LABEL_RECIPE, Recipe, bases
from course.images.settings import Settings, read_settings
from course.images.source import Source, engine_architecture
from course.paths import state_dir


@dataclass(frozen=True)
class BaseImage:
    """A base image as it is on an engine; `id` is "" where it is missing.

    Args:
        name: the part after `course/`.
        id: the image's id.
        size: bytes on the engine.
        origin: where its content came from.
        packages: `name=version` of each package in it (empty for an upstream image).
        current: whether it was made by the recipe of this version of the course, and so has passed its contract.
    """

    name: str
    id: str = ""
    size: int = 0
    origin: str = ""
    packages: tuple[str, ...] = ()
    current: bool = False


def sources_of(settings: Settings, consent: bool = False, anew: bool = False) -> list[Source]:
    """The sources that the settings name, in their order.

    Args:
        settings: where base images come from on this machine.
        consent: whether the user has agreed to installing what a build needs.
        anew: whether this machine's own archives are passed over, unless they are all there is.
    """
    kept = () if anew and settings.sources != ("archive",) else (*settings.sources, _Existing.name)
    made: dict[str, Source] = {
        "archive": ArchiveSource(settings.archive, kept),
        "registry": RegistrySource(settings),
        "debian": DebianSource(consent),
    }
    return [made[name] for name in settings.sources]


class _Existing:
    """The image that the engine has under the base's name: of an older course, or changed by somebody."""

    name = "engine"

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> str | None:
        """Make the base again from it, without a network."""
        before = look(client, recipe)
        if not before.id:
            raise SourceFailed(f"{recipe.image} on the engine", "there is none", "")
        adapt(client, before.id, recipe, before.origin, report)
        return self.name


def look(client: docker.DockerClient, recipe: Recipe) -> BaseImage:
    """Read one base image from the engine; an image of that name without our label counts as missing.

    Raises:
        EngineError: the engine does not answer.
    """
    try:
        image = client.images.get(recipe.image)
    except ImageNotFound:
        return BaseImage(recipe.name)
    except DockerException as error:
        raise translate(error) from error
    labels = image.labels
    if labels.get(LABEL_BASE) != recipe.name:
        return BaseImage(recipe.name)
    return BaseImage(
        name=recipe.name,
        id=str(image.id),
        size=int(image.attrs.get("Size") or 0),
        origin=labels.get(LABEL_ORIGIN, ""),
        packages=tuple(labels.get(LABEL_PACKAGES, "").split()),
        current=labels.get(LABEL_RECIPE) == recipe.key,
    )


def ensure(
    client: docker.DockerClient,
    names: Iterable[str] | None = None,
    *,
    sources: Sequence[Source] | None = None,
    progress: Report = silent,
    consent: bool = False,
    anew: bool = False,
) -> list[BaseImage]:
    """Have the base images on the engine; where all are there this asks the engine one question for each.

    Args:
        client: of the engine.
        names: which (without `course/`); all by default.
        sources: where to get them, in order; by default what the settings say.
        progress: told about everything that takes long.
        consent: whether the user has agreed to installing what a build needs.
        anew: fetch also what is there.

    Returns:
        The images, in the order asked for.

    Raises:
        NoSource: no source gave one of them; the message has each source's own words.
        EngineError: the engine does not answer.
    """
    recipes = [bases()[name] for name in (names if names is not None else bases())]
    if anew or not all(look(client, recipe).current for recipe in recipes):
        with FileLock(state_dir() / "images.lock"):  # two kernels that start at once build once
            _fetch_missing(client, recipes, sources or sources_of(read_settings(), consent, anew), progress, anew)
    return [look(client, recipe) for recipe in recipes]


def _fetch_missing(
    client: docker.DockerClient, recipes: list[Recipe], sources: Sequence[Source], progress: Report, anew: bool
) -> None:
    usable: list[Source] = [*sources, _Existing()]
    failures: list[SourceFailed] = []
    for recipe in _busybox_first(client, recipes):
        before = look(client, recipe)
        if before.current and not (anew and recipe in recipes):
            continue
        for source in list(usable):
            try:
                kept_as = source.fetch(client, recipe, progress)
                _accept(client, recipe, progress)
            except SourceFailed as failure:
                failures.append(failure)
                if isinstance(failure, SourceUnreachable):
                    usable.remove(source)
                continue
            if kept_as is not None:
                _keep(client, recipe, kept_as)
            _drop_replaced(client, before, look(client, recipe))
            break
        else:
            raise _no_source(recipe, failures)


def _busybox_first(client: docker.DockerClient, recipes: list[Recipe]) -> list[Recipe]:
    """The recipes in an order in which `adapt` finds the small Unix tools for the others."""
    first = bases()["busybox"]
    needed = [first] if first in recipes or not look(client, first).current else []
    return [*needed, *(recipe for recipe in recipes if recipe != first)]


def _accept(client: docker.DockerClient, recipe: Recipe, progress: Report) -> None:
    """Give a candidate its name once it has passed the contract test; otherwise nothing of it stays."""
    try:
        fetched = client.images.get(recipe.candidate)
        if fetched.labels.get(LABEL_RECIPE) != recipe.key:  # an archive or a mirror of an older course
            adapt(client, recipe.candidate, recipe, fetched.labels.get(LABEL_ORIGIN, ""), progress)
            with suppress(APIError):
                client.api.remove_image(str(fetched.id))
        progress(f"test course/{recipe.name}", 0, 1)
        verify(client, recipe, recipe.candidate)
        client.images.get(recipe.candidate).tag(*recipe.image.rsplit(":", 1))
        progress(f"test course/{recipe.name}", 1, 1)
    except DockerException as error:
        raise translate(error) from error
    finally:
        with suppress(APIError):
            client.api.remove_image(recipe.candidate)


def _keep(client: docker.DockerClient, recipe: Recipe, source: str) -> None:
    """Keep this machine's own archive, from which the next engine is seeded, and no other one of that image."""
    architecture = engine_architecture(client)
    target = own_archive(recipe, architecture, source)
    save(client, target, [recipe])
    for older in target.parent.glob(f"{recipe.name}-{architecture}-*.tar"):
        if older != target:
            older.unlink()  # of an older recipe, or of another source


def _drop_replaced(client: docker.DockerClient, before: BaseImage, now: BaseImage) -> None:
    """Remove the image that lost its name to a newer one, unless something still uses it."""
    if before.id and before.id != now.id:
        with suppress(APIError):  # in use, or under another name: then it is not ours to remove
            client.api.remove_image(before.id)


def _no_source(recipe: Recipe, failures: list[SourceFailed]) -> NoSource:
    said = "; ".join(f"{failure.expected}: {failure.observed}" for failure in failures)
    ways = " · ".join(dict.fromkeys(failure.try_next for failure in failures if failure.try_next))
    return NoSource(
        f"{recipe.image} from one of the configured sources",
        said or "no source is configured",
        ways or "name sources in images.toml or SLIPWAY_IMAGE_SOURCES",
    )

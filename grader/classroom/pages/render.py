"""Rendering a page: a template of this folder, its style, and a policy by which a browser loads and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from grader.classroom.shown import shown

STYLE = "page.css"


def render(template: str, **values: Any) -> str:
    """Render one of the templates beside this file; every value is escaped, control characters among them.

    Args:
        template: the file's name.
        values: what the template names.
    """
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return _environment().get_template(template).render(style=Markup(style), policy=policy, **values)


def data_url(kind: str, content: bytes) -> str:
    """A picture for an `img`: a browser runs no script that is in one."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("grader.classroom", "pages")
    return jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )


def _plain(value: Any) -> Any:
    """A value without what turns the direction of a line; markup of a template is left as it is."""
    return shown(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _style() -> str:
    environment = _environment()
    assert environment.loader is not None
    text, _, _ = environment.loader.get_source(environment, STYLE)
    return text

"""A Dockerfile's instructions, read as BuildKit 0.12 reads them, in Python alone.

The package `dockerfile` wraps BuildKit's parser in Go and has no wheel for Linux on arm64. The gateway decides by what
this parser says, so it is a port, function by function (moby/buildkit v0.12.5, frontend/dockerfile/parser), and
`tests/dockerfile/` compares the two on every Dockerfile of the repository and on made-up ones.
"""

from course.dockerfile.command import Command, Heredoc, ParseError
from course.dockerfile.parser import parse_string

__all__ = ["Command", "Heredoc", "ParseError", "parse_string"]

"""What passes through the gateway as a stream: build contexts, image archives, container archives, progress output.

Everything is an async iterator of bytes in, and one out; what leaves is built from what was parsed.
"""

from course.gateway.streams.archive import rewrite_put_archive
from course.gateway.streams.context import Context, read_context
from course.gateway.streams.facts import OutputFacts, StepFact
from course.gateway.streams.image_load import LoadedImage, LoadStream, rewrite_load
from course.gateway.streams.image_save import rewrite_save
from course.gateway.streams.output import translate_output

__all__ = [
    "Context",
    "LoadStream",
    "LoadedImage",
    "OutputFacts",
    "StepFact",
    "read_context",
    "rewrite_load",
    "rewrite_put_archive",
    "rewrite_save",
    "translate_output",
]

"""The engine's stream of a log: what passes, how much of the log file it took, and what a followed log has missed."""

from __future__ import annotations

import json

import pytest
from stream_bench import feed, gather, run

from course.gateway.streams.log import LogReader, after, after_last, as_json, has_end, notice, size_of


def frame(stream: int, text: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


LOG = frame(1, b"out\n") + frame(2, b"err\n") + frame(1, b"") + frame(1, b"last")


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, 1000])
def test_only_the_wanted_stream_passes_however_the_bytes_come(size: int) -> None:
    reader = LogReader(True, (2,))
    passed = b"".join(reader.feed(LOG[at : at + size]) for at in range(0, len(LOG), size))
    assert passed == frame(2, b"err\n")
    assert reader.seen == len(LOG)


def test_a_terminal_s_log_passes_as_it_is() -> None:
    assert LogReader(False, (1,)).feed(LOG) == LOG


@pytest.mark.parametrize("text", [b"plain", b'"\\\n\r', b"\t\0\x1b<>&", "ü🚢".encode()])
def test_output_is_counted_as_the_json_file_driver_writes_it(text: bytes) -> None:
    written = json.dumps(text.decode(), ensure_ascii=False).replace("\\t", "\\u0009")
    for letter in "<>&":
        written = written.replace(letter, f"\\u{ord(letter):04x}")
    assert as_json(text) == len(written.encode()) - 2


def test_a_followed_log_is_completed_from_the_whole_one() -> None:
    reader = LogReader(True, (1, 2))
    reader.feed(LOG[:-12])
    assert run(gather(after(feed(LOG, 5), reader))) == LOG[-12:]


def test_nothing_is_added_to_a_log_whose_start_has_been_dropped() -> None:
    reader = LogReader(True, (1, 2))
    reader.feed(frame(1, b"dropped meanwhile\n"))
    assert run(gather(after(feed(LOG), reader))) == b""


def test_a_log_that_was_joined_late_is_completed_behind_its_last_bytes() -> None:
    assert after_last(LOG, frame(2, b"err\n")) == frame(1, b"") + frame(1, b"last")
    assert after_last(LOG, b"elsewhere") == b""


def test_the_end_is_certain_only_when_its_last_line_stands_once() -> None:
    assert has_end(LOG, LOG[-24:], framed=True)
    assert not has_end(LOG[:-12], LOG[-24:], framed=True)
    same = frame(1, b"y\n") * 2
    assert not has_end(same * 9, same, framed=True)
    assert has_end(b"a\nb\n", b"a\nb\n", framed=False)
    assert not has_end(b"a\na\n", b"a\na\n", framed=False)
    assert not has_end(b"", b"", framed=True)


def test_sizes_are_read_as_the_engine_writes_them() -> None:
    assert [size_of(text) for text in ("1024k", "10m", "1g", "7", "", "-1")] == [1 << 20, 10 << 20, 1 << 30, 7, 0, 0]


def test_a_notice_is_a_line_of_standard_error() -> None:
    assert notice("words", framed=True) == frame(2, b"slipway: words\n")
    assert notice("words", framed=False) == b"slipway: words\n"

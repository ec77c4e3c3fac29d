"""Bodies are read strictly: what passes has one meaning, for the gateway and for the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engine_reading import _fold
from hypothesis import given
from hypothesis import strategies as st

from course.gateway.policy import wire
from course.gateway.policy.fields import Each, Flag, Ignored, Map, Number, Refused, Struct, Text, Words, is_zero
from course.gateway.policy.refusal import Refusal

SCHEMA = Struct(
    {
        "Sick": Text(cap=20),
        "Flag": Flag(),
        "Count": Number(0, 9),
        "Items": Each(Text(), most=3),
        "Words": Words(),
        "Labels": Map(Text(), most=3),
        "Inner": Struct({"Deep": Flag()}),
        "Never": Refused("because", "do that", also=(-1,)),
        "Shown": Ignored(Flag()),
    }
)


def decode(raw: bytes | str, cap: int = 1000) -> dict[str, Any]:
    return wire.decode_object(raw.encode() if isinstance(raw, str) else raw, SCHEMA, cap=cap)


@pytest.mark.parametrize("raw", [b"", b" \n", b"null", b"{}", b'{"Sick": null}', b'{"Never": 0}', b'{"Never": -1}'])
def test_what_says_nothing_is_an_empty_object(raw):
    assert decode(raw) == {}


def test_every_kind_of_value_is_read():
    raw = '{"Sick":"a","Flag":true,"Count":3,"Items":["x"],"Words":"w","Labels":{"a":null},"Inner":{"Deep":false}}'
    assert decode(raw) == {
        "Sick": "a",
        "Flag": True,
        "Count": 3,
        "Items": ["x"],
        "Words": ["w"],
        "Labels": {"a": None},
        "Inner": {"Deep": False},
    }


@pytest.mark.parametrize(
    "raw, status",
    [
        ('{"sick":"a"}', 400),
        ('{"\u017fick":"a"}', 400),
        ('{"Sic\u212a":""}', 400),
        ('{"Sick":"a","Sick":"a"}', 400),
        ('{"Sick":null,"sick":null}', 400),
        ('{"Inner":{"deep":true}}', 400),
        ('{"Inner":{"Deep":true,"DEEP":null}}', 400),
        ('{"Inner":{"Other":true}}', 403),
        ('{"Other":[0,{"a":1}]}', 403),
        ('{"Never":1}', 403),
        ('{"Never":[""]} x', 400),
        ('{"Count":1.0}', 400),
        ('{"Count":true}', 400),
        ('{"Count":10}', 400),
        ('{"Count":-1}', 400),
        ('{"Count":1e2}', 400),
        ('{"Count":Infinity}', 400),
        ('{"Flag":1}', 400),
        ('{"Flag":"true"}', 400),
        ('{"Shown":"x"}', 400),
        ('{"Items":"x"}', 400),
        ('{"Items":["a","b","c","d"]}', 413),
        ('{"Labels":{"a":"1","a":"1"}}', 400),
        ('{"Labels":{"a":"1","b":"1","c":"1","d":"1"}}', 413),
        ('{"Labels":[]}', 400),
        ('{"Sick":"' + "x" * 21 + '"}', 413),
        ('{"Sick":"\\u0000"}', 400),
        ('{"Labels":{"\\u0000":"a"}}', 400),
        ('{"Sick":"\\ud800"}', 400),
        ('{"Other":["\\udfff"]}', 400),
        ("[]", 400),
        ('"x"', 400),
        ("{", 400),
        ("{} {}", 400),
        ("\ufeff{}", 400),
        ("{'Sick':'a'}", 400),
        ('{"Count":' + "9" * 900 + "}", 400),
        ("[" * 400, 400),
        ('{"Other":' + "[" * 13 + "]" * 13 + "}", 400),
        (" " * 1001, 413),
    ],
)
def test_what_is_not_one_clean_object_is_refused(raw, status):
    with pytest.raises(Refusal) as refused:
        decode(raw)
    assert refused.value.status == status, refused.value.message


@pytest.mark.parametrize(
    "raw", [b'{"Sick":"\xff"}', '{"Sick":"a"}'.encode("utf-16"), b"\x80", b'{"Sick":"\xed\xa0\x80"}']
)
def test_a_body_that_is_not_utf_8_is_refused(raw):
    with pytest.raises(Refusal) as refused:
        decode(raw)
    assert refused.value.status == 400


def test_a_map_may_hold_keys_that_fold_to_one():
    assert decode('{"Labels":{"a":"1","A":"2"}}')["Labels"] == {"a": "1", "A": "2"}


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(raw):
    try:
        value = decode(raw)
    except Refusal as refused:
        assert refused.status in (400, 403, 413)
    else:
        assert set(value) <= set(SCHEMA.fields)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "Sick", "\u212a"]), inner),
    max_leaves=8,
)
FIELD = st.sampled_from(["Sick", "sick", "\u017fick", "Flag", "FLAG", "Never", "Inner", "Labels", "x"])


@given(st.lists(st.tuples(FIELD, JSON), max_size=4))
def test_what_passes_was_written_once_and_as_the_engine_spells_it(pairs):
    """Whatever is accepted, a reader that folds names finds nothing that the strict reader did not."""
    raw = "{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs) + "}"
    try:
        value = decode(raw, cap=10_000)
    except Refusal:
        return
    folded = {_fold(name): name for name in SCHEMA.fields}
    for key, written in pairs:
        name = folded.get(_fold(key))
        if name is not None and written is not None and name not in ("Never", "Shown"):
            assert key == name and name in value


@pytest.mark.parametrize("zero", ["null", "false", "0", "-0.0", '""', "[]", "{}", "[0,[null]]", '{"a":{"b":[""]}}'])
def test_zero_means_that_nothing_is_said(zero):
    assert is_zero(wire.parse(zero.encode()))


@pytest.mark.parametrize("value", ["true", "1", "-1", '" "', '"0"', '[0,"x"]', '{"a":{"b":[true]}}', '{"a":0,"b":1}'])
def test_anything_else_says_something(value):
    assert not is_zero(wire.parse(value.encode()))


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-16", "Application/JSON;x"])
def test_json_with_any_parameter_is_accepted(kind):
    wire.check_json_type(kind, b"{}")


@pytest.mark.parametrize(
    "kind, raw",
    [
        ("application/x-www-form-urlencoded", b"a=b"),
        ("application/x-www-form-urlencoded", b""),
        ("multipart/form-data; boundary=x", b""),
        ("text/plain", b"{}"),
        (None, b"{}"),
    ],
)
def test_other_bodies_are_refused_where_json_is_meant(kind, raw):
    with pytest.raises(Refusal) as refused:
        wire.check_json_type(kind, raw)
    assert refused.value.status == 400


def test_no_body_needs_no_type():
    wire.check_json_type(None, b"")

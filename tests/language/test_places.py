"""Every character of every scalar has its place in the file, whatever the style that it is written in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxrules.language.nodes import MappingNode, Node, ScalarNode, SequenceNode
from hxrules.language.scalars import spread
from hxrules.language.source import parse

STYLES = [
    # (the file, the text of `a`, a piece of it, where that piece stands)
    ("a: x known y\n", "x known y", "known", "1:6-1:11"),
    ("a:   known\n", "known", "known", "1:6-1:11"),
    ("a: x   # known\n", "x", "x", "1:4-1:5"),
    ("a: x\n  known\n", "x known", "known", "2:3-2:8"),
    ("a: x\n\n  \n   known  z\n", "x\n\nknown  z", "known", "4:4-4:9"),
    ("a: x\n\n   y\n", "x\ny", "\n", "2:1-3:1"),
    ("a: x\n  y\n", "x y", " ", "1:5-2:3"),
    ("a: 'x known'\n", "x known", "known", "1:7-1:12"),
    ("a: 'it''s known'\n", "it's known", "known", "1:11-1:16"),
    ("a: 'it''s'\n", "it's", "'", "1:7-1:9"),
    ("a: 'x  \n   known'\n", "x known", "known", "2:4-2:9"),
    ("a: ' x '\n", " x ", "x", "1:6-1:7"),
    ('a: "x known"\n', "x known", "known", "1:7-1:12"),
    ('a: "x \\"known\\""\n', 'x "known"', '"known"', "1:7-1:16"),
    ('a: "\\x41\\u00e9\\U0001F600 known"\n', "Aé😀 known", "known", "1:26-1:31"),
    ('a: "\\x41\\u00e9"\n', "Aé", "é", "1:9-1:15"),
    ('a: "x \\\n   known"\n', "x known", "known", "2:4-2:9"),
    ('a: "x \\\n  \\  known"\n', "x   known", "known", "2:6-2:11"),
    ('a: "x\n\n  known"\n', "x\nknown", "known", "3:3-3:8"),
    ('a: "x\\tknown\\n"\n', "x\tknown\n", "\n", "1:13-1:15"),
    ("a: |\n  x\n  known\n", "x\nknown\n", "known", "3:3-3:8"),
    ("a: |  # a comment\n  x\n   known\n", "x\n known\n", "known", "3:4-3:9"),
    ("a: |-\n  x known\n\n\n", "x known", "known", "2:5-2:10"),
    ("a: |+\n  known\n\n", "known\n\n", "\n\n", "2:8-4:1"),
    ("a: |2\n    known\n  x\n", "  known\nx\n", "known", "2:5-2:10"),
    ("a: |-1\n  known\n", " known", "known", "2:3-2:8"),
    ("a: |1-\n  known\n", " known", "known", "2:3-2:8"),
    ("a: |\n\n\n  known\n", "\n\nknown\n", "known", "4:3-4:8"),
    ("a: >\n  x\n  known\n", "x known\n", "known", "3:3-3:8"),
    ("a: >\n  x\n  y\n", "x y\n", " ", "2:4-3:3"),
    ("a: >-\n  x\n\n  known\n", "x\nknown", "known", "4:3-4:8"),
    ("a: >-\n  x\n    known\n  y\n", "x\n  known\ny", "known", "3:5-3:10"),
    ("a: >+\n  x\n  known\n\n", "x known\n\n", "known", "3:3-3:8"),
    ("a: >2-\n    known\n  x\n", "  known\nx", "known", "2:5-2:10"),
    ("a: >2-\n  x\n\n    known\n", "x\n\n  known", "known", "4:5-4:10"),
    ("a: é known\n", "é known", "known", "1:6-1:11"),
    ("a: 😀 known\n", "😀 known", "known", "1:6-1:11"),
    ("a: 'Ö\r\n\r\n   known'\r\n", "Ö\nknown", "known", "3:4-3:9"),
    ("a: |\r\n  Ö\r\n  known\r\n", "Ö\nknown\n", "known", "3:3-3:8"),
    ("a:\tx\tknown\n", "x\tknown", "known", "1:6-1:11"),
    ("{b: [1, 'ü'], a: [known]}\n", None, "known", "1:19-1:24"),
    ("- - a\n  - |\n   known\n", None, "known", "3:4-3:9"),
    ("\ufeffa: known\n", "known", "known", "1:4-1:9"),
]


def scalars(node: Node | None) -> Iterator[ScalarNode]:
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from scalars(item)
    elif isinstance(node, MappingNode):
        for key, value in node.entries.values():
            yield key
            yield from scalars(value)


def shown(place: tuple[str, int, int, int, int]) -> str:
    return "{}:{}-{}:{}".format(*place[1:])


@pytest.mark.parametrize(("text", "value", "piece", "place"), STYLES)
def test_a_piece_of_a_scalar_stands_where_the_file_shows_it(
    text: str, value: str | None, piece: str, place: str
) -> None:
    root, problems = parse(text, "f")
    assert problems == []
    node = next(each for each in list(scalars(root))[::-1] if piece in each.text)
    if value is not None:
        assert node.text == value
    start = node.text.index(piece)
    assert shown(node.span(start, start + len(piece))) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: known", "1:9-1:9"),
        ("a: 'known'", "1:10-1:10"),
        ("a: |\n  known\n", "3:1-3:1"),
        ("a: ''", "1:5-1:5"),
        ("a: |-\n\nb: 1", "3:1-3:1"),
        ("a:", "1:3-1:3"),
    ],
)
def test_the_end_of_a_scalar_is_behind_its_last_character(text: str, place: str) -> None:
    root, _ = parse(text, "f")
    assert isinstance(root, MappingNode)
    node = root.get("a")
    assert isinstance(node, ScalarNode)
    assert shown(node.span(len(node.text), len(node.text))) == place


def test_keys_values_and_collections_have_places() -> None:
    root, _ = parse("a: {b: 1,  c: [x,\n  y]}\n'd e':\n  f: |\n    g\n\nh: 1\n", "f")
    assert isinstance(root, MappingNode)
    places = {name: (shown(key.place), shown(value.place)) for name, (key, value) in root.entries.items()}
    assert places == {"a": ("1:1-1:2", "1:4-2:6"), "d e": ("3:1-3:6", "4:3-5:6"), "h": ("7:1-7:2", "7:4-7:5")}


ALPHABET = "      \n\n\n\n\t'\"\\:-#|>\r\u2028\x85éabcx+2&!n0u"
FRAGMENTS = st.text(ALPHABET, max_size=12)
FILES = [
    "{}", "a: {}", "a: '{}'\nb: 1", 'a: "{}"\nb: 2', "a: |{}", "a: >{}", "a:\n  b: >\n    x{}\n    y{}", "a:\n- |2\n    {}\n- >-\n  q{}",
    "- - - |1{}\n     x\n", "- k: >2\n     {}\n    y{}", "x: [ {}, '{}', \"{}\" ]", "k: a{}\n  b{}\n  c", "|\n{}\n x", "a: |+\n{}\n  b{}\n",
    "a: >+3\n    b{}\n   {}\nc: 1", "a: &q |2\n    z{}\n", "a: !t '{}\n  {}'", "a: >\n {}\n {}\n  {}\n {}\n",
]  # fmt: skip


@settings(max_examples=400)
@given(st.sampled_from(FILES), st.lists(FRAGMENTS, min_size=4, max_size=4))
def test_reading_a_scalar_again_gives_the_same_text(file: str, fragments: list[str]) -> None:
    """What `spread` finds in the file is, character by character, what libyaml read."""
    text = file.format(*fragments)
    root, _ = parse(text, "f")
    for node in scalars(root):
        again = spread(node.source.text, node.start, node.end, node.style, node.text)
        assert again.text == node.text
        assert len(again.starts) == len(again.ends) == len(node.text)
        assert all(start < end for start, end in zip(again.starts, again.ends, strict=True))
        assert all(end <= start for end, start in zip(again.ends, again.starts[1:], strict=False))

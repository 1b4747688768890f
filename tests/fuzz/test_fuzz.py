"""A short run of the fuzzer with every test run, and whatever it has ever found; the long one is `make fuzz` (see `__main__`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, seed, settings

from hxrules.planning.plan_file import BadPlan, read_plan
from tests.fuzz.inputs import INPUTS, LARGEST, plan, sealed_deep
from tests.fuzz.limits import LIMIT_MB, ends, timed
from tests.fuzz.targets import TARGETS, forget, load, warm_up
from tests.reports.plan_factory import busy_plan

FOUND = sorted((Path(__file__).parent / "found").glob("*.txt"))


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_promise(name: str) -> None:
    warm_up()

    @seed(1)
    @settings(max_examples=60, database=None)
    @given(INPUTS[name])
    def one(text: str) -> None:
        forget()
        with ends():
            TARGETS[name](text)

    one()


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_is_mended(path: Path) -> None:
    """The name begins with the target."""
    warm_up()
    target = next(name for name in TARGETS if path.name.startswith(name))
    with ends():
        TARGETS[target](path.read_bytes().decode("utf-8", "surrogatepass"))


LARGE = {
    "brackets": "(" * LARGEST,
    "lists in lists": "[" * LARGEST,
    "mappings in mappings": "{a: " * (LARGEST // 4),
    "dashes": "- " * (LARGEST // 2),
    "question marks": "? " * (LARGEST // 2),
    "anchors": "&a " * (LARGEST // 3),
    "tags": "!t " * (LARGEST // 3),
    "comments": "# c\n" * (LARGEST // 4),
    "empty lines": "\n" * LARGEST,
    "one key": "a" * (LARGEST - 3) + ": 1",
    "one number": "a: " + "9" * (LARGEST - 3),
    "quotation marks": '"' + "\\\\" * (LARGEST // 2),
    "unknown keys": "\n".join(f"key{number}: {number}" for number in range(7000)),
    "one key again and again": "a: 1\n" * (LARGEST // 5),
    "blanks": " " * LARGEST,
    "blanks before a comment": "hxrules: 1" + " " * LARGEST + "# c",
    "stars": "*a " * (LARGEST // 3),
    "digits in a path": "a: {hubspot: " + "x." * (LARGEST // 2) + "}",
}


@pytest.mark.parametrize("name", ["loader", "layout", "grammar"])
@pytest.mark.parametrize("text", LARGE.values(), ids=list(LARGE))
def test_a_large_input_takes_no_second(name: str, text: str) -> None:
    warm_up()
    forget()
    with ends():
        TARGETS[name](text)


@pytest.mark.parametrize("depth", [10, 500, 900, 960, 990, 995, 1000, 5000, 50_000])
def test_a_plan_nested_deeply_is_no_plan(depth: int) -> None:
    """Sealed as it should be, where that can be done at all."""
    try:
        text = sealed_deep(depth)
    except RecursionError:
        text = '{"plan":"a","seal":"b","changes":' + "[" * depth + "]" * depth + "}"
    with pytest.raises(BadPlan) as bad:
        read_plan(text, "plan.json")
    assert bad.value.problem.code in ("HX303", "HX305")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "HX305"),
        ("null", "HX305"),
        ("[]", "HX305"),
        ("9" * 5000, "HX305"),
        ("{", "HX305"),
        ("\ufeff{}", "HX305"),
        ('{"plan":1,"changes":2,"seal":3}', "HX304"),
        ('{"changes":[],"format":NaN,"plan":"a","seal":"b"}', "HX304"),
        ('{"changes":[],"format":1,"plan":"\ud800","seal":"b"}\n', "HX303"),
        ('{"changes":[],"format":1,"plan":"a","seal":{"a":[1e400]}}\n', "HX303"),
    ],
)
def test_what_is_no_plan_is_one_problem(text: str, code: str) -> None:
    if code == "HX303":
        text = text.replace('"format":1', f'"format":{json.loads(plan())["format"]}')
    with pytest.raises(BadPlan) as bad:
        read_plan(text, "plan.json")
    assert bad.value.problem.code == code


def test_a_plan_that_was_not_damaged_reads_back() -> None:
    assert timed(read_plan, plan(), "plan.json").plan.id == busy_plan().id


def test_a_large_ruleset_is_read_in_less_than_200_mb() -> None:
    """In a process of its own: the most memory that it ever had."""
    code = (
        "from tests.fuzz.inputs import numbered, LARGEST; from tests.fuzz.targets import load, layout; from random import Random\n"
        "from tests.fuzz.limits import memory_mb\n"
        "for number in range(12): layout(numbered(Random(number)))\n"
        "load('hxrules: 1\\n' + '[' * LARGEST)\n"
        "print(memory_mb())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert float(found.stdout) < LIMIT_MB


def test_a_ruleset_of_half_characters_is_refused_as_no_utf_8() -> None:
    _, (problem,) = load("name: \ud800")
    assert problem.code == "HX100"

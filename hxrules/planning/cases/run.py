"""A test file → its cases → what the real planner makes of each.

See also: `world` (what the planner sees), `expectations` (the comparison), `coverage` (what the cases have exercised).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hxrules.catalogue import Catalogue
from hxrules.language.model import Ruleset
from hxrules.language.nodes import MappingNode, Node, text_at
from hxrules.language.source import parse
from hxrules.planning.cases.coverage import Coverage
from hxrules.planning.cases.expectations import Compared, ExpectationsReader, Expected, compare
from hxrules.planning.cases.nodes_reader import NodesReader
from hxrules.planning.cases.records_reader import RecordsReader
from hxrules.planning.cases.rows import Row, rows_of
from hxrules.planning.cases.setting import Setting, read_setting, usual
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.planning.cases.world import World, WorldReader
from hxrules.planning.planner import make_plan
from hxrules.problems import Problem, in_order, near

_FILE: Final = ("ruleset", "now", "started", "accounts", "cases")
_CASE: Final = ("name", "now", "started", "accounts", "hubspot", "xero", "linked", "only", "expect")

NO_EXPECT: Final = "a case has no `expect`"


@dataclass(frozen=True, slots=True)
class Case:
    """One case, read: what there is, and what should happen."""

    name: str
    node: MappingNode
    setting: Setting
    world: World
    expected: tuple[Expected, ...]
    only: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case, run."""

    case: Case
    rows: tuple[Row, ...]
    """Everything that the plan does, refuses or remarks."""
    compared: Compared

    @property
    def passed(self) -> bool:
        return self.compared.passed


def names_ruleset(text: str, file: str) -> tuple[str | None, Node | None]:
    """The `ruleset:` of a test file, as it is written, and its node; `None` where it names none or can't be read."""
    root, _ = parse(text, file)
    return text_at(root, "ruleset"), root.get("ruleset") if isinstance(root, MappingNode) else None


def read_cases(text: str, file: str, ruleset: Ruleset, catalogue: Catalogue) -> tuple[list[Case], list[Problem]]:
    """The cases of a test file, typed by its ruleset; and all that is wrong with it (HX100–HX104, HX161–HX166)."""
    root, problems = parse(text, file)
    reader = NodesReader()
    top = reader.mapping(root, "a test file")
    if top is None or problems:
        return [], in_order([*problems, *reader.problems])
    reader.known_keys(top, "a test file", _FILE)
    around = read_setting(top, usual(ruleset), reader)
    nodes = list(reader.mappings(top.get("cases"), "`cases`"))
    if not nodes and not reader.problems:
        reader.wrong("HX162", top, "the file has no cases", remedy="Write `cases:`, and below it `- name: …`.")
    vocabulary = Vocabulary(ruleset, catalogue)
    cases: list[Case] = []
    names: set[str] = set()
    for node in nodes:
        own = NodesReader()
        cases.append(_case(node, around, ruleset, catalogue, vocabulary, own))
        if cases[-1].name in names:
            own.wrong("HX164", node.entries["name"][1], "two cases have this name", remedy="Give each case its own.")
        names.add(cases[-1].name)
        reader.problems += own.problems
    return cases, in_order(reader.problems)


def _case(
    node: MappingNode,
    around: Setting,
    ruleset: Ruleset,
    catalogue: Catalogue,
    vocabulary: Vocabulary,
    reader: NodesReader,
) -> Case:
    reader.known_keys(node, "a case", _CASE)
    name = reader.text(node.get("name"), "`name`")
    if name is None:
        reader.wrong("HX162", node, "a case has no `name`", remedy="Say in a sentence what is true: `name: …`.")
    setting = read_setting(node, around, reader)
    world = WorldReader(reader, vocabulary, ruleset, catalogue, setting).read(node)
    if node.get("expect") is None and not _misspelt(node):
        reader.wrong(
            "HX162",
            node,
            NO_EXPECT,
            remedy="Write what should happen (`expect: []` where nothing should), or let `hxrules test --update` write it.",
        )
    records = RecordsReader(reader, vocabulary, setting)
    expected = ExpectationsReader(reader, vocabulary, records, world.ids).read(node.get("expect"))
    return Case(name or "", node, setting, world, expected, reader.flag(node.get("only"), "`only`"))


def _misspelt(node: MappingNode) -> bool:
    """Is there a word that means `expect`? Then that one is reported."""
    return any(near(name, ["expect"]) for name in node.entries if name not in _CASE)


def run_cases(
    cases: Sequence[Case], ruleset: Ruleset, catalogue: Catalogue, coverage: Coverage | None = None
) -> list[Outcome]:
    """What becomes of each case. `coverage` notes what those that pass have exercised."""
    vocabulary = Vocabulary(ruleset, catalogue)
    outcomes: list[Outcome] = []
    for case in cases:
        world = case.world
        plan, _ = make_plan(ruleset, world.snapshot, world.state, case.setting.now, catalogue)
        rows = tuple(rows_of(plan, ruleset, vocabulary))
        compared = compare(case.expected, rows, case.only)
        outcomes.append(Outcome(case, rows, compared))
        if coverage is not None and compared.passed:
            coverage.note(plan, world.snapshot, case.setting)
    return outcomes


def without_expectations(problems: Sequence[Problem]) -> list[Problem]:
    """Those that `--update` can't cure by writing the expectations anew."""
    return [problem for problem in problems if problem.summary != NO_EXPECT]

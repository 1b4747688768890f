"""What became of a ruleset's test cases, as text, as JSON and as JUnit's XML; and what they have exercised.

See also: `planning.cases` (the cases), `cli.test` (the command).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from hxrules.planning.cases.coverage import Coverage, Rule
from hxrules.planning.cases.expectations import Different, Expected
from hxrules.planning.cases.rewriting import line_words, scalar
from hxrules.planning.cases.rows import Row, What
from hxrules.planning.cases.run import Outcome
from hxrules.planning.cases.vocabulary import Vocabulary
from hxrules.planning.plan import problem_document
from hxrules.problems import Problem
from hxrules.records import App
from hxrules.reports.style import Style, Tone, cells, count, fold, pad, page
from hxrules.values import Lines, Value


@dataclass(frozen=True, slots=True)
class TestedFile:
    """One test file after its cases were run."""

    file: str
    ruleset: str
    problems: Sequence[Problem]
    outcomes: Sequence[Outcome]
    vocabulary: Vocabulary | None = None
    """The names of its ruleset; `None` where that isn't valid."""
    coverage: Coverage | None = None
    updated: bool = False
    """`--update` has written expectations anew."""

    @property
    def failed(self) -> list[Outcome]:
        return [each for each in self.outcomes if not each.passed]


# --- text --------------------------------------------------------------------------------------------------------------------


def cases_text(files: Sequence[TestedFile], style: Style) -> str:
    """Failing cases with what differs, then a line for each file, and the rules that no case exercises, if that was asked for."""
    lines: list[str] = []
    for each in files:
        for outcome in each.failed:
            lines += [*_failure(each, outcome, style), ""]
    for each in files:
        lines += [*_summary(each, style)]
    for each in files:
        if each.coverage is not None:
            lines += ["", *_coverage(each, each.coverage, style)]
    return page(lines)


def _failure(file: TestedFile, outcome: Outcome, style: Style) -> Iterator[str]:
    place = outcome.case.node.place
    yield style.paint("failed", Tone.STRONG, Tone.BAD) + style.paint(f"  {style.say(outcome.case.name)}", Tone.STRONG)
    yield f"  {style.paint(f'{place.file}:{place.line}', Tone.PLACE)}"
    yield from (f"  {line}" for line in difference_lines(outcome, file.vocabulary, style))


def difference_lines(outcome: Outcome, vocabulary: Vocabulary | None, style: Style) -> Iterator[str]:
    """What a failing case expects, and what happens instead: `-` expected, `+` actual, field by field."""
    shown = _Shown(outcome, vocabulary, style)
    for expected, row, differences in outcome.compared.matched:
        if differences:
            yield f"  {style.paint(f'{row.what.value}: {style.say(row.mention)}', Tone.STRONG)}{shown.place(row)}"
            for each in differences:
                yield from shown.difference(each, row, expected)
    for missing in outcome.compared.missing:
        place = missing.node.place
        yield shown.signed(
            "-", f"{missing.what.value}: {missing.said}", f"expected at line {place.line}, and didn't happen"
        )
        yield from (f"      {line}" for line in shown.fields(missing.fields, missing.app))
    for row in outcome.compared.unexpected:
        yield shown.signed("+", f"{row.what.value}: {row.mention}", "happens, and isn't expected")
        yield from (f"      {line}" for line in shown.reasons(row))
        yield from (f"      {line}" for line in shown.fields(row.fields, row.app))


class _Shown:
    """Rows and their values as they stand in a difference."""

    def __init__(self, outcome: Outcome, vocabulary: Vocabulary | None, style: Style) -> None:
        self.setting = outcome.case.setting
        self.vocabulary = vocabulary
        self.style = style

    def signed(self, sign: str, text: str, note: str) -> str:
        tone = Tone.BAD if sign == "-" else Tone.GOOD
        return f"{self.style.paint(f'{sign} {self.style.say(text)}', tone)}   {self.style.paint(note, Tone.FAINT)}"

    def place(self, row: Row) -> str:
        return f"   {self.style.paint(f'{row.span.file}:{row.span.line}', Tone.PLACE)}" if row.span is not None else ""

    def reasons(self, row: Row) -> Iterator[str]:
        if row.what is What.EXCLUDE and row.by:
            yield f"by: {self.style.say(row.by)}{self.place(row)}"
        if row.what is What.HOLD:
            yield f"code: {row.code}"
        if row.why:
            yield from (
                self.style.paint(line, Tone.FAINT) for line in fold(self.style.say(row.why), self.style.width - 8)
            )

    def fields(self, fields: Any, app: App | None) -> Iterator[str]:
        width = max((cells(name) for name in fields), default=0) + 1
        for name, value in fields.items():
            texts = self.value(value, app)
            yield f"{pad(f'{name}:', width)} {texts[0]}"
            yield from (f"{' ' * width} {text}" for text in texts[1:])

    def difference(self, each: Different, row: Row, expected: Expected) -> Iterator[str]:
        app = row.app or expected.app
        if isinstance(each.expected, Lines) or isinstance(each.actual, Lines):
            yield f"      {each.name}:"
            wanted, actual = self.value(each.expected, app), self.value(each.actual, app)
            yield from self._lines(wanted, actual)
            return
        if each.unexpected:
            yield f"      {self._sign('+')} {each.name}: {self.value(each.actual, app)[0]}   (not expected)"
        elif each.absent:
            yield f"      {self._sign('-')} {each.name}: {self.value(each.expected, app)[0]}   (not written)"
        else:
            yield f"      {self._sign('-')} {each.name}: {self.value(each.expected, app)[0]}"
            yield f"      {self._sign('+')} {each.name}: {self.value(each.actual, app)[0]}"

    def _lines(self, wanted: list[str], actual: list[str]) -> Iterator[str]:
        rest = list(actual)
        for text in wanted:
            if text in rest:
                rest.remove(text)
            else:
                yield f"        {self._sign('-')} {text}"
        yield from (f"        {self._sign('+')} {text}" for text in rest)

    def _sign(self, sign: str) -> str:
        return self.style.paint(sign, Tone.STRONG, Tone.BAD if sign == "-" else Tone.GOOD)

    def value(self, value: Value, app: App | None) -> list[str]:
        if not isinstance(value, Lines):
            return [self.style.empty if value is None else self.style.say(scalar(value))]
        if self.vocabulary is None or not value.items:
            return ["[]"]
        rows = [dict(line_words(line, app, self.setting, self.vocabulary)) for line in value.items]
        return [
            self.style.say("{" + ", ".join(f"{name}: {scalar(each)}" for name, each in row.items()) + "}")
            for row in rows
        ]


def _summary(each: TestedFile, style: Style) -> Iterator[str]:
    failed = len(each.failed)
    total = count(len(each.outcomes), "case")
    note = "; expectations were written anew" if each.updated else ""
    if each.problems:
        yield f"{style.paint('failed', Tone.BAD)}   {style.say(each.file)}: {count(len(each.problems), 'problem')}{note}"
    elif failed:
        yield f"{style.paint('failed', Tone.BAD)}   {style.say(each.file)}: {failed:,} of {total}{note}"
    else:
        yield f"{style.paint('passed', Tone.GOOD)}   {style.say(each.file)}: {total}{note}"


def _coverage(each: TestedFile, coverage: Coverage, style: Style) -> Iterator[str]:
    missing = coverage.missing
    covered = len(coverage.rules) - len(missing)
    tone = Tone.GOOD if not missing else Tone.CARE
    head = f"{style.say(each.ruleset)}: {covered:,} of {len(coverage.rules):,} exercised ({_percent(coverage)})"
    yield style.paint(head, Tone.STRONG, tone)
    for rule in missing:
        place = f"   {style.paint(f'{rule.span.file}:{rule.span.line}', Tone.PLACE)}" if rule.span is not None else ""
        yield f"  {style.say(_rule(rule))}{place}"


def _percent(coverage: Coverage) -> str:
    return "100 %" if not coverage.missing else f"{min(coverage.share * 100, 99.9):.1f} %"


def _rule(rule: Rule) -> str:
    sync = f"{rule.sync}: " if rule.sync else ""
    never = {"lets in": "lets nobody in", "keeps out": "keeps nobody out", "stops": "never stops a run"}.get(rule.way)
    if never is None:
        never = f"never {rule.way}" if rule.kind == "comparison" else f"never carried {rule.way}"
    return f"{sync}{rule.kind} {rule.name}: {never}"


# --- JSON and JUnit ----------------------------------------------------------------------------------------------------------


def cases_json(files: Iterable[TestedFile]) -> dict[str, Any]:
    """All files with their cases and what differs; problems of the files themselves in the form of all problems."""
    every = list(files)
    return {
        "passed": not any(each.failed or each.problems for each in every),
        "files": [
            {
                "file": each.file,
                "ruleset": each.ruleset,
                "cases": [_case(each, outcome) for outcome in each.outcomes],
                "updated": each.updated,
                "coverage": None if each.coverage is None else _coverage_document(each.coverage),
            }
            for each in every
        ],
        "problems": [problem_document(problem) for each in every for problem in each.problems],
    }


def _case(file: TestedFile, outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.case.name,
        "line": outcome.case.node.place.line,
        "passed": outcome.passed,
        "differences": [line.strip() for line in difference_lines(outcome, file.vocabulary, Style())],
    }


def _coverage_document(coverage: Coverage) -> dict[str, Any]:
    return {
        "share": round(coverage.share, 4),
        "missing": [
            {
                "sync": rule.sync,
                "kind": rule.kind,
                "name": rule.name,
                "way": rule.way,
                "file": rule.span.file if rule.span else None,
                "line": rule.span.line if rule.span else None,
            }
            for rule in coverage.missing
        ],
    }


def cases_junit(files: Iterable[TestedFile]) -> str:
    """The XML that CI systems read: a suite for each file, a `testcase` for each case; what is wrong with a file is an `error`."""
    every = list(files)
    root = ElementTree.Element("testsuites", name="hxrules")
    for each in every:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=each.file,
            tests=str(len(each.outcomes) + len(each.problems)),
            failures=str(len(each.failed)),
            errors=str(len(each.problems)),
        )
        for problem in each.problems:
            line = str(problem.span.line) if problem.span else "1"
            case = ElementTree.SubElement(
                suite, "testcase", classname=each.file, name=problem.code, file=each.file, line=line
            )
            error = ElementTree.SubElement(case, "error", message=_xml(problem.summary), type=problem.code)
            error.text = _xml(f"{problem.span or each.file}: {problem.cause} {problem.remedy}")
        for outcome in each.outcomes:
            line = str(outcome.case.node.place.line)
            case = ElementTree.SubElement(
                suite, "testcase", classname=each.file, name=_xml(outcome.case.name), file=each.file, line=line
            )
            if not outcome.passed:
                failure = ElementTree.SubElement(case, "failure", message="other than expected")
                failure.text = _xml("\n".join(difference_lines(outcome, each.vocabulary, Style())))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Without the characters that XML can't hold."""
    return "".join(char for char in text if char in "\t\n" or (ord(char) >= 0x20 and not 0xD800 <= ord(char) <= 0xDFFF))

"""What is true of every connector: one contract, run over real HTTP against the sandbox by `test_hubspot` and `test_xero`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from typing import Any, ClassVar

import httpx
import pytest

from hxrules.problems import Halt
from hxrules.records import App, Failure, Record, RecordRef, Write, chunks
from hxrules.values import Value
from tests.connectors.stage import UNLIMITED, Stage, staged

NOBODY = {App.HUBSPOT: "987654321", App.XERO: "00000000-0000-4000-8000-00000000ffff"}
"""An id that no record has."""


class ConnectorContract:
    """Subclasses say of which type the records are, how they look in a seed file, and what is their own.

    Fields go by their friendly names, written with `_` for `-` where they are names of Python.
    """

    app: ClassVar[App]
    type: ClassVar[str]
    page: ClassVar[int]
    """Records on a page of a full read."""
    key: ClassVar[str]
    """The field by which a record is matched with its partner."""
    name: ClassVar[str]
    """Another text field to look records up by."""
    label: ClassVar[str]
    """A text field that says `P7` of `new(7)`."""
    text: ClassVar[str]
    """A text field that may hold anything."""
    keys: ClassVar[Sequence[str]]
    """Five keys with what is hard to ask for."""
    bad: ClassVar[tuple[str, Value, str]]
    """A field, a value that the app refuses for it, and the code of that refusal."""
    before: ClassVar[Mapping[str, Value]]
    """A record with the name `Ann & Söhne`, as it is created."""
    after: ClassVar[Mapping[str, Value]]
    """What an update of it changes."""
    after_500: ClassVar[Failure | None]
    """What a create comes to when the app fails after writing."""
    quirks: ClassVar[Mapping[str, str]] = {}
    """What the sandbox does where the vendor's documents are silent."""

    def row(self, number: int, key: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        """A record as a seed file has it; records with higher numbers changed later."""
        raise NotImplementedError

    def id_of(self, number: int) -> str:
        raise NotImplementedError

    def key_of(self, number: int) -> str:
        """The key of `new(number)`."""
        raise NotImplementedError

    def new(self, number: int) -> dict[str, Value]:
        """What a numbered record is created with; `label` is `P` and the number."""
        raise NotImplementedError

    def crowd(self, stages: ExitStack, size: int, **options: Any) -> Stage:
        """A stage with so many records."""
        rows = (self.row(number, self.key_of(number), f"P{number} Ltd") for number in range(size))
        return self.stage(stages, *rows, **options)

    @pytest.fixture
    def stages(self) -> Iterator[ExitStack]:
        with ExitStack() as stack:
            yield stack

    def stage(self, stages: ExitStack, *rows: Mapping[str, Any], **options: Any) -> Stage:
        """A stage with these records; by default without a limit that only slows tests down."""
        options["quirks"] = {**options.get("quirks", UNLIMITED), **self.quirks}
        if rows:
            options["seed_file"] = {self.app.value: {self.type: rows}}
        made: AbstractContextManager[Stage] = staged(self.app, self.type, **options)
        return stages.enter_context(made)

    # --- how much ----------------------------------------------------------------------------------------------------

    def test_a_full_read_shows_every_record_once_in_as_few_calls_as_pages(self, stages: ExitStack) -> None:
        stage = self.crowd(stages, 2500)
        records = stage.read()
        assert len(records) == len({record.ref for record in records}) == 2500
        assert len(stage.log) == 2500 // self.page + (2500 % self.page > 0)
        assert all(record.updated and not record.broken for record in records)

    def test_a_reader_that_stops_causes_no_further_call(self, stages: ExitStack) -> None:
        stage = self.crowd(stages, 2500)
        pages = stage.connector.read(stage.request(self.key))
        assert len(stage.log) == 0
        assert next(pages).records
        assert len(stage.log) == 1

    def test_usage_is_what_the_app_counted(self, stages: ExitStack) -> None:
        stage = self.crowd(stages, 250)
        stage.connector.identify()
        stage.read(self.key)
        stage.write(stage.create("k", **self.new(1000)))
        usage, mine = stage.connector.usage, [each for each in stage.log if "/Organisation" not in each.path]
        reads, writes = ([each for each in mine if each.read is kind] for kind in (True, False))
        assert (usage.reads.calls, usage.writes.calls) == (len(reads), len(writes))
        assert usage.reads.bytes_in == sum(each.bytes_in for each in reads)
        assert usage.writes.bytes_out == sum(each.bytes_out for each in writes)
        assert usage.calls == len([each for each in stage.info.requests if each.app in (self.app, "identity")])

    # --- reading -----------------------------------------------------------------------------------------------------

    def test_since_reads_newest_first_and_tells_how_many_there_are(self, stages: ExitStack) -> None:
        stage = self.crowd(stages, 2500)
        times = sorted((record.updated for record in stage.read(self.key) if record.updated), reverse=True)
        since = times[1199]
        pages = stage.pages(self.key, since=since)
        read = [record.updated for page in pages for record in page.records]
        assert read == times[:1200]
        assert pages[0].total in (1200, 1201)
        assert len(pages) < 1200 // 100
        assert not stage.read(self.key, since=times[0].replace(year=2030))

    def test_ids_find_their_records_and_no_others(self, stages: ExitStack) -> None:
        stage = self.stage(stages, *(self.row(number, self.key_of(number), f"N{number}") for number in range(1, 4)))
        asked = (self.id_of(3), NOBODY[self.app], self.id_of(1), "no id", self.id_of(1))
        found = {record.ref: stage.value(record, self.key) for record in stage.read(self.key, ids=asked)}
        assert found == {RecordRef(self.app, self.type, self.id_of(number)): self.key_of(number) for number in (1, 3)}
        before = len(stage.log)
        assert stage.read(self.key, ids=("no id", "")) == []
        assert len(stage.log) == before

    def test_many_ids_travel_in_few_calls(self, stages: ExitStack) -> None:
        stage = self.crowd(stages, 200)
        ids = [record.ref.id for record in stage.read(self.key)]
        before = len(stage.log)
        assert sorted(record.ref.id for record in stage.read(self.key, ids=(*ids, *ids))) == sorted(ids)
        assert len(stage.log) - before <= 5

    @pytest.mark.parametrize("kind", ["key", "name"])
    def test_where_finds_exactly_the_records_with_a_value_in_any_case(self, stages: ExitStack, kind: str) -> None:
        names = ["Acme & Sons (UK)", 'Bob "Bobby" Tables', "Grün, Müller + Söhne", "C:\\Temp\\New", "100% O'Brien; x=y"]
        both = zip(range(1, 6), self.keys, names, strict=True)
        stage = self.stage(stages, *(self.row(*each) for each in both), self.row(9, self.key_of(9), "Zed"))
        friendly, values = (self.key, self.keys) if kind == "key" else (self.name, names)
        for number, value in enumerate(values, 1):
            for spelling in (value, value.lower(), value.upper()):
                found = stage.read(self.label, where=(stage.field(friendly), (spelling,)))
                assert [record.ref.id for record in found] == [self.id_of(number)], spelling
        found = stage.read(friendly, where=(stage.field(friendly), (*values, self.key_of(8), "not a value", "")))
        assert sorted(record.ref.id for record in found) == sorted(self.id_of(number) for number in range(1, 6))

    def test_many_values_travel_in_few_calls(self, stages: ExitStack) -> None:
        stage = self.crowd(stages, 300)
        keys = [str(stage.value(each, self.key)) for each in stage.read(self.key) if stage.value(each, self.key)]
        before = len(stage.log)
        found = stage.read(self.key, where=(stage.field(self.key), tuple(keys)))
        assert stage.texts(self.key, found) == sorted(keys)
        assert len(stage.log) - before <= len(keys) / 20

    # --- writing -----------------------------------------------------------------------------------------------------

    def creates(self, stage: Stage, *numbers: int) -> list[Write]:
        """Creates of numbered records, each remembering its partner, where the type has a place for that."""
        stage.connector.prepare(self.type)
        return [stage.create(f"key-{number}", f"partner-{number}", **self.new(number)) for number in numbers]

    def test_only_what_has_a_place_for_it_remembers_its_partner(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        assert stage.connector.prepare(self.type) is (stage.what.memory is not None)

    def test_a_batch_of_creates_gives_one_record_a_write_in_order(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        size = stage.connector.batch_size(self.type, create=True)
        results = stage.write(*self.creates(stage, *range(size)))
        assert [result.error for result in results] == [None] * size
        records = [result.record for result in results if result.record]
        assert [stage.value(record, self.label) for record in records] == [f"P{number}" for number in range(size)]
        by_id = {record.ref.id: record for record in stage.read(self.label, self.key)}
        for number, record in enumerate(records):
            assert stage.value(by_id[record.ref.id], self.key) == self.key_of(number)
            assert by_id[record.ref.id].memory == (f"partner-{number}" if stage.what.memory else None)
        assert len([each for each in stage.log if not each.read and "/batch/" in each.path]) in (0, 1)

    def test_a_bad_create_in_the_middle_fails_alone(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.creates(stage, *range(7))
        friendly, value, code = self.bad
        writes[3] = replace(writes[3], values={**writes[3].values, stage.field(friendly): value})
        results = stage.write(*writes)
        error = results[3].error
        assert error is not None
        assert (error.failure, error.code) == (Failure.REFUSED, code)
        assert [index for index, result in enumerate(results) if result.record is None] == [3]
        assert stage.texts(self.label, stage.read(self.label)) == [f"P{n}" for n in range(7) if n != 3]

    def test_an_update_of_an_unknown_record_fails_alone(self, stages: ExitStack) -> None:
        stage = self.stage(stages, *(self.row(n, self.key_of(n), f"P{n}") for n in range(1, 6)))
        records = sorted(stage.read(), key=lambda record: record.ref.id)
        stranger = Record(RecordRef(self.app, self.type, NOBODY[self.app]), {})
        chosen = [*records[:2], stranger, *records[2:]]
        results = stage.write(*(stage.update(f"u{n}", each, **{self.text: f"T{n}"}) for n, each in enumerate(chosen)))
        error = results[2].error
        assert error is not None
        assert (error.failure, error.code) == (Failure.REFUSED, "not-found")
        assert [index for index, result in enumerate(results) if result.record is None] == [2]
        assert stage.texts(self.text, stage.read(self.text)) == ["T0", "T1", "T3", "T4", "T5"]

    def test_an_update_changes_what_it_names_and_nothing_else(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        values = {**self.before, self.name.replace("-", "_"): "Ann & Söhne"}
        [made] = stage.write(stage.create("c", **values))
        assert made.record is not None
        [before] = stage.read()
        assert made.record.fields == {name: before.fields[name] for name in made.record.fields}
        assert {stage.field(name.replace("_", "-")).name for name in values} <= made.record.fields.keys()
        [result] = stage.write(stage.update("u", before, **self.after))
        assert result.record is not None
        [after] = stage.read()
        changed = stage.valued({**self.after, "updated": after.updated})
        assert {own for own, value in after.fields.items() if before.fields[own] != value} == {
            each.name for each in changed
        }
        assert {each.name: after.fields[each.name] for each in changed} == {
            each.name: value for each, value in changed.items()
        }
        assert all(after.fields[own] == value for own, value in result.record.fields.items())
        assert result.record.updated == after.updated

    def test_a_write_that_is_repeated_has_one_effect(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.creates(stage, 1, 2, 3)
        first, second = stage.write(*writes), stage.write(*writes)
        assert [each.record.ref for each in first if each.record] == [each.record.ref for each in second if each.record]
        assert len(stage.read(self.key)) == 3

    def test_a_lost_answer_to_a_create_leaves_one_record(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.creates(stage, 1, 2, 3)
        stage.fault("lost-answer", 1)
        results = stage.write(*writes)
        assert [result.error for result in results] == [None] * 3
        assert stage.texts(self.key, stage.read(self.key)) == [self.key_of(n) for n in (1, 2, 3)]

    def test_an_error_after_a_create_is_either_repaired_or_in_doubt(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.creates(stage, 1, 2)
        stage.fault("5xx-after", 1)
        results = stage.write(*writes)
        assert [result.error and result.error.failure for result in results] == [self.after_500] * 2
        assert stage.texts(self.key, stage.read(self.key)) == [self.key_of(1), self.key_of(2)]

    def test_an_error_after_an_update_is_repaired(self, stages: ExitStack) -> None:
        stage = self.stage(stages, self.row(1, self.key_of(1), "P1"))
        [record] = stage.read()
        stage.fault("5xx-after", 1)
        [result] = stage.write(stage.update("u", record, **{self.text: "Perth"}))
        assert result.record is not None
        assert stage.texts(self.text, stage.read(self.text)) == ["Perth"]

    def test_what_the_app_could_not_do_just_now_is_transient(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.creates(stage, 1, 2, 3, 4)
        stage.fault("partial-batch", 1)
        results = stage.write(*writes)
        failures = [result.error and (result.error.failure, result.error.code) for result in results]
        assert failures == [None, (Failure.TRANSIENT, "unavailable")] * 2
        assert stage.texts(self.key, stage.read(self.key)) == [self.key_of(1), self.key_of(3)]

    # --- trouble -----------------------------------------------------------------------------------------------------

    def test_in_a_storm_every_record_is_made_once(self, stages: ExitStack) -> None:
        """Whoever asks again for what did not succeed, and looks first where that is in doubt, ends up with all of them."""
        stage = self.stage(stages)
        todo = self.creates(stage, *range(60))
        kinds = ["429", "5xx-before", "5xx-after", "lost-answer", "partial-batch"]
        httpx.post(f"{stage.info.xero_url}/_sandbox/faults", json={"seed": 7, "rate": 0.25, "kinds": kinds})
        for _ in range(60):
            with suppress(Halt):
                stage.connector.prepare(self.type)
                todo = self.missing(stage, todo)
                results = [result for few in chunks(todo, 15) for result in stage.write(*few)]
                todo = [write for write, result in zip(todo, results, strict=True) if result.error]
            if not todo:
                break
            # Xero remembers an error that came from inside for six minutes.
            stage.clockwork.sleep(400)
            stage = stage.again()
        httpx.post(f"{stage.info.xero_url}/_sandbox/faults", json={})
        everybody = sorted(self.key_of(number) for number in range(60))
        assert stage.texts(self.key, stage.read(self.key)) == everybody

    def missing(self, stage: Stage, creates: Sequence[Write]) -> list[Write]:
        """Those whose record isn't there: by what it remembers, else by its key."""
        own, key = stage.what.memory, stage.field(self.key)
        if own is None:
            keys = tuple(str(write.values[key]) for write in creates)
            found = {stage.value(record, self.key) for record in stage.read(self.key, where=(key, keys))}
            return [write for write in creates if write.values[key] not in found]
        memory = stage.what.find(own) or stage.what.custom_property(own)
        memories = tuple(str(write.memory) for write in creates)
        remembered = {record.memory for record in stage.read(self.key, where=(memory, memories))}
        return [write for write in creates if write.memory not in remembered]

    @pytest.mark.parametrize("kind", ["429", "5xx-before", "5xx-after", "lost-answer", "partial-batch"])
    def test_a_read_that_went_wrong_is_repeated(self, stages: ExitStack, kind: str) -> None:
        stage = self.crowd(stages, 120)
        records = stage.read(self.key)
        ids, key = tuple(record.ref.id for record in records), stage.field(self.key)
        keys = tuple(str(stage.value(record, self.key)) for record in records if stage.value(record, self.key))
        for nth in (1, 2):
            for how, many in (({}, 120), ({"ids": ids}, 120), ({"where": (key, keys)}, len(keys))):
                stage.fault(kind, nth)
                assert len(stage.read(self.key, **how)) == many

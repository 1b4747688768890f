"""What is true of every connector: one contract, run over real HTTP against the sandbox by `test_hubspot` and `test_xero`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any, ClassVar

import httpx
import pytest

from hxrules.catalogue import Field
from hxrules.problems import Halt
from hxrules.records import App, Failure, Life, RecordRef, chunks
from tests.connectors.stage import UNLIMITED, Stage, staged
from tests.connectors.wire import answer, wire

NOBODY = {App.HUBSPOT: "987654321", App.XERO: "00000000-0000-4000-8000-00000000ffff"}
"""An id that no record has."""


class ConnectorContract:
    """Subclasses say how their app's records look in a seed file, and what is its own."""

    app: ClassVar[App]
    page: ClassVar[int]
    """Records on a page of a full read."""
    name: ClassVar[str]
    """A text field to look records up by."""
    after_500: ClassVar[Failure | None]
    """What a create comes to when the app fails after writing."""
    scope: ClassVar[str]
    """A scope that the connection needs."""
    poor: ClassVar[Mapping[str, Any]]
    """The app's part of a seed in which the connection lacks that scope."""
    day: ClassVar[str]
    """The word for the daily limit in the sandbox's quirks."""
    quirks: ClassVar[Mapping[str, str]] = {}
    """What the sandbox does where the vendor's documents are silent."""

    def contact(self, number: int, email: str = "", name: str = "", **state: Any) -> dict[str, Any]:
        """A contact as a seed file has it. `state`: `archived`, or `merged_into` another number."""
        raise NotImplementedError

    def id_of(self, number: int) -> str:
        raise NotImplementedError

    def cut_off(self, stage: Stage) -> None:
        """Takes the connection's access away."""
        raise NotImplementedError

    @pytest.fixture
    def stages(self) -> Iterator[ExitStack]:
        with ExitStack() as stack:
            yield stack

    def stage(self, stages: ExitStack, *contacts: Mapping[str, Any], **options: Any) -> Stage:
        """A stage with these contacts; by default without a limit that only slows tests down."""
        options["quirks"] = {**options.get("quirks", UNLIMITED), **self.quirks}
        if contacts:
            options["seed_file"] = {self.app.value: {"contacts": contacts}}
        made: AbstractContextManager[Stage] = staged(self.app, **options)
        return stages.enter_context(made)

    def halt(self, stage: Stage, code: int) -> str:
        """The problems of a sign-in and a read that end with this exit code, as text; no secret may be in it."""
        with pytest.raises(Halt) as caught:  # noqa: PT012 -- which of the two finds out is the app's matter
            stage.connector.identify()
            stage.read()
        assert caught.value.exit_code == code
        text = f"{caught.value!r} {caught.value} {caught.value.problems!r} {stage.settings!r}"
        for secret in (stage.settings.hubspot_token, stage.settings.xero_client_secret):
            assert secret not in text
        assert caught.value.problems[0].remedy
        return text

    # --- who, and how much -------------------------------------------------------------------------------------------

    def test_a_full_read_shows_every_record_once_in_as_few_calls_as_pages(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed="2500")
        records = stage.read()
        assert len(records) == len({record.ref for record in records}) == 2500
        assert len(stage.log) == 2500 // self.page + (2500 % self.page > 0)
        assert all(record.updated and not record.broken for record in records)

    def test_a_reader_that_stops_causes_no_further_call(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed="2500")
        pages = stage.connector.read(stage.request("email"))
        assert len(stage.log) == 0
        assert next(pages).records
        assert len(stage.log) == 1

    def test_usage_is_what_the_app_counted(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed="250")
        stage.connector.identify()
        stage.read("email")
        stage.write(stage.create("k", first_name="Ann", **{self.name.replace("-", "_"): "Ann & Co"}))
        usage, mine = stage.connector.usage, [each for each in stage.log if "/Organisation" not in each.path]
        reads, writes = ([each for each in mine if each.read is kind] for kind in (True, False))
        assert (usage.reads.calls, usage.writes.calls) == (len(reads), len(writes))
        assert usage.reads.bytes_in == sum(each.bytes_in for each in reads)
        assert usage.writes.bytes_out == sum(each.bytes_out for each in writes)
        assert usage.calls == len([each for each in stage.info.requests if each.app in (self.app, "identity")])

    # --- reading -----------------------------------------------------------------------------------------------------

    def test_since_reads_newest_first_and_tells_how_many_there_are(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed="2500")
        times = sorted((record.updated for record in stage.read("email") if record.updated), reverse=True)
        since = times[1199]
        pages = stage.pages("email", since=since)
        read = [record.updated for page in pages for record in page.records]
        assert read == times[:1200]
        assert pages[0].total in (1200, 1201)
        assert len(pages) < 1200 // 100
        assert not stage.read("email", since=times[0].replace(year=2030))

    def test_ids_find_live_archived_and_merged_records_and_no_others(self, stages: ExitStack) -> None:
        stage = self.stage(
            stages,
            self.contact(1, "live@x.example", "Live"),
            self.contact(2, "archived@x.example", "Archived", archived=True),
            self.contact(3, "loser@x.example", "Loser", merged_into=4),
            self.contact(4, "winner@x.example", "Winner", absorbed=3),
        )
        asked = (self.id_of(1), self.id_of(2), self.id_of(3), NOBODY[self.app], "no id")
        found = {record.ref.id: record for record in stage.read("email", ids=asked)}
        found.pop(self.id_of(4), None)
        assert {own: record.life for own, record in found.items()} == {
            self.id_of(1): Life.LIVE,
            self.id_of(2): Life.ARCHIVED,
            self.id_of(3): Life.MERGED,
        }
        assert found[self.id_of(3)].merged_into == self.id_of(4)
        assert found[self.id_of(1)].ref == RecordRef(self.app, "contacts", self.id_of(1))
        before = len(stage.log)
        assert stage.read("email", ids=("no id", "")) == []
        assert len(stage.log) == before

    def test_many_ids_travel_in_few_calls(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed="200")
        ids = [record.ref.id for record in stage.read("email")]
        before = len(stage.log)
        assert sorted(record.ref.id for record in stage.read("email", ids=(*ids, *ids))) == sorted(ids)
        assert len(stage.log) - before <= 5

    @pytest.mark.parametrize("friendly", ["email", "name"])
    def test_where_finds_exactly_the_records_with_a_value_in_any_case(self, stages: ExitStack, friendly: str) -> None:
        texts = ["Acme & Sons (UK)", 'Bob "Bobby" Tables', "Grün, Müller + Söhne", "C:\\Temp\\New", "100% O'Brien; x=y"]
        emails = ["a.b+c@x.example", "UPPER@X.example", "o'brien@x.example", "d_e-f@sub.x.example", "g@x.example"]
        both = list(zip(range(1, 6), emails, texts, strict=True))
        stage = self.stage(stages, *(self.contact(*each) for each in both), self.contact(9, "z@x.example", "Zed"))
        kind, values = ("email", emails) if friendly == "email" else (self.name, texts)
        for number, value in enumerate(values, 1):
            for spelling in (value, value.lower(), value.upper()):
                found = stage.read("first-name", where=(stage.field(kind), (spelling,)))
                assert [record.ref.id for record in found] == [self.id_of(number)], spelling
        found = stage.read(kind, where=(stage.field(kind), (*values, "nobody@x.example", "not a value", "")))
        assert sorted(record.ref.id for record in found) == sorted(self.id_of(number) for number in range(1, 6))

    def test_many_values_travel_in_few_calls(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed="300")
        emails = [str(stage.value(each, "email")) for each in stage.read("email") if stage.value(each, "email")]
        before = len(stage.log)
        found = stage.read("email", where=(stage.field("email"), tuple(emails)))
        assert stage.texts("email", found) == sorted(emails)
        assert len(stage.log) - before <= len(emails) / 20

    # --- writing -----------------------------------------------------------------------------------------------------

    def people(self, stage: Stage, *numbers: int) -> list[Any]:
        """Creates of numbered people, each remembering its partner."""
        stage.connector.prepare("contacts")
        return [
            stage.create(
                f"key-{number}",
                f"partner-{number}",
                first_name=f"P{number}",
                email=f"p{number}@x.example",
                **{self.name.replace("-", "_"): f"P{number} Ltd"},
            )
            for number in numbers
        ]

    def test_a_batch_of_creates_gives_one_record_a_write_in_order(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        size = stage.connector.batch_size("contacts", create=True)
        results = stage.write(*self.people(stage, *range(size)))
        assert [result.error for result in results] == [None] * size
        records = [result.record for result in results if result.record]
        assert [stage.value(record, "first-name") for record in records] == [f"P{number}" for number in range(size)]
        by_id = {record.ref.id: record for record in stage.read("first-name", "email")}
        for number, record in enumerate(records):
            assert stage.value(by_id[record.ref.id], "email") == f"p{number}@x.example"
            assert by_id[record.ref.id].memory == f"partner-{number}"
        assert len([each for each in stage.log if not each.read and "/batch/" in each.path]) in (0, 1)

    def test_a_bad_create_in_the_middle_fails_alone(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.people(stage, *range(7))
        values = {**writes[3].values, stage.field("email"): "no address"}
        writes[3] = stage.create("key-3", "partner-3")
        writes[3] = type(writes[3])(self.app, "contacts", "key-3", None, values, memory="partner-3")
        results = stage.write(*writes)
        error = results[3].error
        assert error is not None
        assert (error.failure, error.code) == (Failure.REFUSED, "bad-email")
        assert [index for index, result in enumerate(results) if result.record is None] == [3]
        assert stage.texts("first-name", stage.read("first-name")) == [f"P{n}" for n in range(7) if n != 3]

    def test_an_update_of_an_unknown_record_fails_alone(self, stages: ExitStack) -> None:
        stage = self.stage(stages, *(self.contact(n, f"p{n}@x.example", f"P{n}") for n in range(1, 6)))
        records = sorted(stage.read(), key=lambda record: record.ref.id)
        stranger = type(records[0])(RecordRef(self.app, "contacts", NOBODY[self.app]), {})
        chosen = [*records[:2], stranger, *records[2:]]
        results = stage.write(*(stage.update(f"u{n}", each, city=f"City {n}") for n, each in enumerate(chosen)))
        error = results[2].error
        assert error is not None
        assert (error.failure, error.code) == (Failure.REFUSED, "not-found")
        assert [index for index, result in enumerate(results) if result.record is None] == [2]
        assert stage.texts("city", stage.read("city")) == ["City 0", "City 1", "City 3", "City 4", "City 5"]

    def test_an_update_changes_what_it_names_and_nothing_else(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        values = {"first_name": "Ann", "email": "ann@x.example", "phone": "+61 2 9000 0000", "mobile": "0400 000 000"}
        values |= {"address": "1 High St", "city": "Perth", "region": "WA", self.name.replace("-", "_"): "Ann & Söhne"}
        [made] = stage.write(stage.create("c", **values))
        assert made.record is not None
        [before] = stage.read()
        [result] = stage.write(stage.update("u", before, city="Fremantle", phone=None, first_name="Zoë"))
        assert result.record is not None
        [after] = stage.read()
        changed = {stage.field(friendly).name for friendly in ("city", "phone", "first-name", "updated")}
        assert {own for own, value in after.fields.items() if before.fields[own] != value} == changed
        assert [stage.value(after, friendly) for friendly in ("city", "phone", "first-name")] == [
            "Fremantle",
            None,
            "Zoë",
        ]
        assert all(after.fields[own] == value for own, value in result.record.fields.items())
        assert result.record.updated == after.updated

    def test_a_write_that_is_repeated_has_one_effect(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.people(stage, 1, 2, 3)
        first, second = stage.write(*writes), stage.write(*writes)
        assert [each.record.ref for each in first if each.record] == [each.record.ref for each in second if each.record]
        assert len(stage.read("email")) == 3

    def test_a_lost_answer_to_a_create_leaves_one_record(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.people(stage, 1, 2, 3)
        stage.fault("lost-answer", 1)
        results = stage.write(*writes)
        assert [result.error for result in results] == [None] * 3
        assert stage.texts("email", stage.read("email")) == [f"p{n}@x.example" for n in (1, 2, 3)]

    def test_an_error_after_a_create_is_either_repaired_or_in_doubt(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.people(stage, 1, 2)
        stage.fault("5xx-after", 1)
        results = stage.write(*writes)
        assert [result.error and result.error.failure for result in results] == [self.after_500] * 2
        assert stage.texts("email", stage.read("email")) == ["p1@x.example", "p2@x.example"]

    def test_an_error_after_an_update_is_repaired(self, stages: ExitStack) -> None:
        stage = self.stage(stages, self.contact(1, "p1@x.example", "P1"))
        [record] = stage.read()
        stage.fault("5xx-after", 1)
        [result] = stage.write(stage.update("u", record, city="Perth"))
        assert result.record is not None
        assert stage.texts("city", stage.read("city")) == ["Perth"]

    def test_what_the_app_could_not_do_just_now_is_transient(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        writes = self.people(stage, 1, 2, 3, 4)
        stage.fault("partial-batch", 1)
        results = stage.write(*writes)
        failures = [result.error and (result.error.failure, result.error.code) for result in results]
        assert failures == [None, (Failure.TRANSIENT, "unavailable")] * 2
        assert stage.texts("email", stage.read("email")) == ["p1@x.example", "p3@x.example"]

    def test_a_taken_value_is_named(self, stages: ExitStack) -> None:
        stage = self.stage(stages, self.contact(1, "p1@x.example", "P1 Ltd"))
        [result] = stage.write(*self.people(stage, 1))
        assert result.error is not None
        assert result.error.failure is Failure.REFUSED
        assert result.error.code in ("email-taken", "name-taken")
        assert result.error.existing in (None, self.id_of(1))
        assert len(stage.read("email")) == 1

    # --- trouble -----------------------------------------------------------------------------------------------------

    def test_normal_work_under_the_published_limits_is_never_refused(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed="40", quirks={})
        record = stage.read()[0]
        for number in range(130):
            stage.read("email", **({"ids": (record.ref.id,)} if number % 3 else {"since": record.updated}))
            assert stage.write(stage.update(f"u{number}", record, city=f"City {number}"))[0].record
        assert {each.status for each in stage.log} <= {200, 207}
        assert len(stage.log) >= 261
        assert stage.connector.usage.waited == pytest.approx(sum(stage.clockwork.waits))
        assert 10 < stage.connector.usage.waited < 400

    def test_in_a_storm_every_record_is_made_once(self, stages: ExitStack) -> None:
        """Whoever asks again for what did not succeed, and looks first where that is in doubt, ends up with all of them."""
        stage = self.stage(stages)
        todo = self.people(stage, *range(60))
        everybody = [f"p{number}@x.example" for number in range(60)]
        kinds = ["429", "5xx-before", "5xx-after", "lost-answer", "partial-batch"]
        httpx.post(f"{stage.info.xero_url}/_sandbox/faults", json={"seed": 7, "rate": 0.25, "kinds": kinds})
        for _ in range(60):
            with suppress(Halt):
                stage.connector.prepare("contacts")
                memories = tuple(str(write.memory) for write in todo)
                found = {record.memory for record in stage.read("email", where=(self.memory(stage), memories))}
                todo = [write for write in todo if write.memory not in found]
                results = [result for few in chunks(todo, 15) for result in stage.write(*few)]
                todo = [write for write, result in zip(todo, results, strict=True) if result.error]
            if not todo:
                break
            # Xero remembers an error that came from inside for six minutes.
            stage.clockwork.sleep(400)
            stage = stage.again()
        httpx.post(f"{stage.info.xero_url}/_sandbox/faults", json={})
        assert stage.texts("email", stage.read("email")) == sorted(everybody)

    def memory(self, stage: Stage) -> Field:
        name = stage.contacts.memory
        assert name is not None
        return stage.contacts.find(name) or stage.contacts.custom_property(name)

    @pytest.mark.parametrize("kind", ["429", "5xx-before", "5xx-after", "lost-answer", "partial-batch"])
    def test_a_read_that_went_wrong_is_repeated(self, stages: ExitStack, kind: str) -> None:
        stage = self.stage(stages, seed="120")
        records = stage.read("email")
        ids, email = tuple(record.ref.id for record in records), stage.field("email")
        emails = tuple(str(stage.value(record, "email")) for record in records if stage.value(record, "email"))
        for nth in (1, 2):
            for how, many in (({}, 120), ({"ids": ids}, 120), ({"where": (email, emails)}, len(emails))):
                stage.fault(kind, nth)
                assert len(stage.read("email", **how)) == many

    @pytest.mark.parametrize("times", [1, 2, 3, 4])
    def test_refusals_for_now_are_waited_out(self, stages: ExitStack, times: int) -> None:
        stage = self.stage(stages)
        writes = self.people(stage, 1)
        stage.fault("429", *range(1, times + 1))
        assert stage.write(*writes)[0].record
        assert stage.clockwork.waits

    @pytest.mark.parametrize(("kind", "code"), [("lost-answer", 1), ("5xx-before", 1), ("429", 8)])
    def test_trouble_that_stays_ends_the_run(self, stages: ExitStack, kind: str, code: int) -> None:
        stage = self.stage(stages)
        stage.fault(kind)
        text = self.halt(stage, code)
        assert ("HX430" if code == 8 else "HX421") in text
        assert 2 <= len(stage.info.requests) <= 6

    def test_an_answer_that_takes_too_long_is_none(self, stages: ExitStack) -> None:
        stage = self.stage(stages, patience=0.05)
        stage.connector.identify()
        stage.fault("slow", 1, seconds=0.5)
        assert stage.read() == []
        stage.fault("slow", seconds=0.5)
        assert "no answer in time" in self.halt(stage, 1)

    def test_nobody_there_ends_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        nowhere = {"hubspot_url": "http://127.0.0.1:9", "xero_url": "http://127.0.0.1:9"}
        assert "HX421" in self.halt(stage.again(**nowhere), 1)

    def test_somebody_else_there_ends_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        sign_in = answer('{"access_token": "abc", "expires_in": 1800}')
        other = stages.enter_context(wire(sign_in, answer('{"hello": "world"}')))
        assert "HX422" in self.halt(
            stage.again(hubspot_url=other.url, xero_url=other.url, xero_identity_url=other.url), 1
        )

    def test_wrong_credentials_end_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        wrong = {"hubspot_token": "pat-na1-not-this-one", "xero_client_secret": "not-this-one-either"}
        assert "HX401" in self.halt(stage.again(**wrong), 7)

    def test_a_missing_scope_ends_the_run_and_is_named(self, stages: ExitStack) -> None:
        stage = self.stage(stages, seed_file={self.app.value: self.poor})
        text = self.halt(stage, 7)
        assert "HX402" in text
        assert self.scope in text

    def test_a_connection_that_was_cut_ends_the_run(self, stages: ExitStack) -> None:
        stage = self.stage(stages)
        stage.connector.identify()
        self.cut_off(stage)
        assert "HX40" in self.halt(stage, 7)

    def test_the_limit_of_the_day_ends_the_run_before_it_is_exceeded(self, stages: ExitStack) -> None:
        stage = self.stage(stages, quirks={**UNLIMITED, f"{self.app}-{self.day}-limit": "3"})
        stage.connector.identify()
        stage.read("email")
        stage.read("email")
        assert "HX430" in self.halt(stage, 8)
        assert {each.status for each in stage.info.requests} == {200}
        assert "HX430" in self.halt(stage.again(), 8)

"""Opening a state: made whole or not at all, older ones migrated, and every way in which it can't be has its own words."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from state_worlds import STEP, Clock, codes, intent, output, python, run, url_of

from hxrules.problems import Halt, explanations
from hxrules.records import Standing
from hxrules.state import database, refusals, tables
from hxrules.state.entries import Advance
from hxrules.state.store import Store, open_store, peek_store


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def content(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def test_a_new_state_is_its_owners_alone_and_leaves_nothing_beside_it(url: str, path: Path, clock: Clock) -> None:
    with open_store(url, now=clock) as store:
        view = store.view()
        assert (view.serial, view.portal, view.tenant, view.links) == (0, None, None, ())
        assert all(mode(file) == 0o600 for file in path.parent.iterdir())
    assert mode(path.parent) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["state.db"]


def test_two_new_states_are_of_two_lineages(tmp_path: Path, clock: Clock) -> None:
    with open_store(url_of(tmp_path / "a"), now=clock) as a, open_store(url_of(tmp_path / "b"), now=clock) as b:
        assert a.view().lineage != b.view().lineage


def test_what_was_written_is_there_when_it_is_opened_again(url: str, clock: Clock) -> None:
    with open_store(url, now=clock) as store:
        store.advance(STEP)
        before = store.view()
    with open_store(url, now=clock) as store:
        assert store.view() == before


def test_a_path_is_relative_to_the_folder_and_may_hold_any_character(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("sqlite:///100% ü#/state.db", now=clock) as store:
        assert store.view().serial == 0
    assert (tmp_path / "100% ü#" / "state.db").is_file()


def test_an_empty_file_becomes_a_state(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    path.touch()
    assert peek_store(url_of(path)) is None
    with open_store(url_of(path), now=clock) as store:
        assert store.view().serial == 0


def test_processes_that_make_the_state_at_the_same_time_share_one(path: Path, url: str) -> None:
    code = """
import sys
from state_worlds import Clock
from hxrules.state.store import open_store
with open_store(sys.argv[1], now=Clock()) as store:
    print(store.view().lineage)
"""
    processes = [python(code, url) for _ in range(4)]
    assert len({output(process) for process in processes}) == 1
    assert [file.name for file in path.parent.iterdir()] == ["state.db"]


def test_the_second_of_two_makers_keeps_the_first_ones_state(url: str, path: Path, clock: Clock) -> None:
    with open_store(url, now=clock) as store:
        lineage = store.view().lineage
    database.create(path)
    with open_store(url, now=clock) as store:
        assert store.view().lineage == lineage


def test_a_file_system_without_hard_links_will_do(
    url: str, path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with open_store(url, now=clock) as store:
        assert store.view().serial == 0
    assert [file.name for file in path.parent.iterdir()] == ["state.db"]


def test_each_commit_is_flushed_and_foreign_keys_hold(store: Store) -> None:
    for transaction in (store._database.reading, store._database.writing):
        with transaction() as connection:
            pragmas = ("journal_mode", "synchronous", "foreign_keys")
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]
        assert found == ["wal", 2, 1]


# --- looking ----------------------------------------------------------------------------------------------------------


def test_looking_at_a_state_that_is_not_there_makes_nothing(url: str, tmp_path: Path) -> None:
    assert peek_store(url) is None
    assert list(tmp_path.iterdir()) == []


WRITES: dict[str, Callable[[Store], object]] = {
    "bind": lambda store: store.bind(1, "tenant"),
    "advance": lambda store: store.advance(Advance()),
    "begin": lambda store: store.begin(run()),
    "intend": lambda store: store.intend("run-1", [intent("e1")]),
    "settle": lambda store: store.settle("run-1", [], Advance()),
    "finish": lambda store: store.finish("run-1", "finished", {}, {}, Clock()()),
    "lock": lambda store: store.lock("apply", "ann").__enter__(),
    "keep_ruleset": lambda store: store.keep_ruleset("sha", {"text": "hxrules: 1"}),
    "restore": lambda store: store.restore(Path("/nowhere")),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_state_that_is_only_looked_at_is_never_written(
    url: str, store: Store, write: Callable[[Store], object]
) -> None:
    store.advance(STEP)
    looking = peek_store(url)
    assert looking is not None
    with looking:
        with pytest.raises(Halt) as halt:
            write(looking)
        assert codes(halt.value.problems) == ["HX506"]
        assert looking.view() == store.view()
    assert store.view().serial == 1


def test_looking_never_waits_for_a_run_that_writes(url: str, store: Store) -> None:
    store.advance(STEP)
    with store._database.writing() as connection:
        connection.execute(tables.links.delete())
        looking = peek_store(url)
        assert looking is not None
        with looking:
            assert len(looking.view().links) == 2
            assert looking.counts()["contacts"][Standing.IN_SYNC] == 1


LOOK = """
import sys
from hxrules.problems import Halt, explanations
from hxrules.state.store import open_store, peek_store
from state_worlds import Clock
try:
    store = open_store(sys.argv[2], now=Clock()) if sys.argv[1] == "open" else peek_store(sys.argv[2])
    print(store.view().serial)
except Halt as halt:
    print(halt.exit_code, halt.problems[0].code)
"""


@pytest.fixture
def shared_folder() -> Path:
    """A folder that any user may enter, unlike pytest's own."""
    folder = Path(os.path.realpath(output(python("import tempfile; print(tempfile.mkdtemp())"))))
    folder.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "how", "said"),
    [
        (0o555, 0o444, "open", "1 HX506"),
        (0o555, 0o444, "look", "1"),
        (0o777, 0o444, "open", "1 HX506"),
        (0o777, 0o444, "look", "1"),
        (0o777, 0o000, "open", "1 HX505"),
        (0o777, 0o000, "look", "1 HX505"),
        (0o000, 0o444, "open", "1 HX505"),
        (0o000, 0o444, "look", "1 HX505"),
    ],
)
def test_what_a_user_without_rights_is_told(
    shared_folder: Path, clock: Clock, folder_mode: int, file_mode: int, how: str, said: str
) -> None:
    folder = shared_folder / "state"
    path = folder / "state.db"
    with open_store(url_of(path), now=clock) as store:
        store.advance(STEP)
    path.chmod(file_mode)
    folder.chmod(folder_mode)
    try:
        assert output(python(LOOK, how, url_of(path), plain_user=True)) == said
    finally:
        folder.chmod(0o700)
        shutil.rmtree(shared_folder)


def test_a_state_can_not_be_made_where_the_user_may_not_write(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)
    assert output(python(LOOK, "open", url_of(shared_folder / "a" / "state.db"), plain_user=True)) == "1 HX505"
    assert list(shared_folder.iterdir()) == []
    shared_folder.rmdir()


# --- what is no state, or can't be used -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@db/hxrules",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://secret/state.db",
        "sqlite:///state.db?mode=ro",
        "state.db",
        "",
    ],
)
@pytest.mark.parametrize("opened", [lambda url: open_store(url, now=Clock()), peek_store], ids=["open", "peek"])
def test_a_url_that_names_no_file_is_refused_without_repeating_its_secrets(
    url: str, opened: Callable[[str], object]
) -> None:
    with pytest.raises(Halt) as halt:
        opened(url)
    assert codes(halt.value.problems) == ["HX501"]
    assert "secret" not in repr(halt.value.problems)


def refusal(url: str) -> Halt:
    """Why it can't be opened; the same to write and to look."""
    with pytest.raises(Halt) as opening:
        open_store(url, now=Clock())
    with pytest.raises(Halt) as looking:
        peek_store(url)
    assert looking.value.problems == opening.value.problems
    return opening.value


def set_version(path: Path, version: str | None) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version or "",))
        connection.commit()


def test_a_newer_state_is_refused_and_left_alone(url: str, path: Path, clock: Clock) -> None:
    open_store(url, now=clock).close()
    set_version(path, "0999")
    before = content(path.parent)
    halt = refusal(url)
    assert (halt.exit_code, codes(halt.problems)) == (1, ["HX502"])
    assert "0999" in halt.problems[0].cause
    assert content(path.parent) == before


@pytest.mark.parametrize("version", ["", "abcdef", "0000"])
def test_a_version_that_never_was_is_damage(url: str, path: Path, clock: Clock, version: str) -> None:
    open_store(url, now=clock).close()
    set_version(path, version)
    assert codes(refusal(url).problems) == ["HX504"]


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE links (id TEXT)")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"hxrules: 1\n" * 500),
        lambda path: path.write_bytes(b"SQLite format 3\0"),
        foreign_database,
    ],
    ids=["text", "cut off", "another program's"],
)
def test_a_file_that_is_no_state_is_refused_and_left_alone(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    path = tmp_path / "state.db"
    spoil(path)
    before = path.read_bytes()
    halt = refusal(url_of(path))
    assert (halt.exit_code, codes(halt.problems)) == (1, ["HX504"])
    assert path.read_bytes() == before


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    assert codes(refusal(url_of(tmp_path / "state.db")).problems) == ["HX505"]
    (tmp_path / "file").touch()
    assert codes(refusal(url_of(tmp_path / "file" / "state.db")).problems) == ["HX505"]


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_says_so_or_does_no_harm(tmp_path: Path, damaged: bytes, seed: int) -> None:
    """Whatever bytes are wrong, a person reads a `Halt`, never a traceback of ours."""
    dice = random.Random(seed)
    spoiled = bytearray(damaged)
    for _ in range(dice.choice([1, 20, 400])):
        spoiled[dice.randrange(len(spoiled))] = dice.randrange(256)
    path = tmp_path / "state.db"
    path.write_bytes(spoiled[: dice.choice([len(spoiled), len(spoiled) // 2])])
    halts: list[Halt] = []
    try:
        with open_store(url_of(path), now=Clock()) as store:
            assert [dict(fields) for fields in store.view().bases.values()]
            store.unsettled()
            store.advance(STEP)
    except Halt as halt:
        halts.append(halt)
    assert all(halt.problems[0].code in ("HX502", "HX504", "HX512") for halt in halts)


@pytest.fixture(scope="session")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a state with something in every table, before they are spoiled."""
    path = tmp_path_factory.mktemp("state") / "state.db"
    with open_store(url_of(path), now=Clock()) as store:
        store.advance(STEP)
        store.begin(run())
        store.intend("run-1", [intent("e1")])
    return path.read_bytes()


def limit_size(store: Store) -> None:
    """From now on the disk has no room for another page."""

    @event.listens_for(store._database._engine, "connect")
    def full(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    store._database._engine.dispose()


def test_a_full_disk_undoes_the_whole_step(store: Store) -> None:
    store.advance(STEP)
    before = store.view()
    limit_size(store)
    text = "x" * 200_000
    with pytest.raises(Halt) as halt:
        store.settle("run-1", [], Advance(bases={"l1": {text: STEP.bases["l1"]["email"]}}, drop_links=("l2",)))
    assert (halt.value.exit_code, codes(halt.value.problems)) == (1, ["HX507"])
    assert store.view() == before


def test_a_disk_that_is_full_from_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
"""
        + LOOK
    )
    said = output(python(code, "open", url_of(tmp_path / "state.db")))
    assert said in ("1 HX507", "1 HX512")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_program_keeps_busy_is_named_as_such(
    url: str, path: Path, store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with open_store(url, now=clock) as waiting, pytest.raises(Halt) as halt:
            waiting.advance(STEP)
    assert (halt.value.exit_code, codes(halt.value.problems)) == (9, ["HX508"])
    store.advance(STEP)
    assert store.view().serial == 1


def test_a_state_belongs_to_one_pair_of_accounts(store: Store) -> None:
    store.bind(1234567, "tenant-1")
    store.bind(1234567, "tenant-1")
    for other in ((1234567, "tenant-2"), (7654321, "tenant-1")):
        with pytest.raises(Halt) as halt:
            store.bind(*other)
        assert (halt.value.exit_code, codes(halt.value.problems)) == (5, ["HX503"])
        for named in ("1234567", "tenant-1", str(other[0]), other[1]):
            assert named in halt.value.problems[0].cause
    assert (store.view().portal, store.view().tenant) == (1234567, "tenant-1")


# --- versions ---------------------------------------------------------------------------------------------------------


def test_the_migrations_make_the_tables_that_the_program_uses(store: Store) -> None:
    with store._database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(database.MIGRATIONS)).get_heads() == [tables.HEAD]


def test_a_state_that_is_up_to_date_is_opened_without_alembic(url: str, store: Store) -> None:
    code = LOOK + "\nprint('alembic' in sys.modules)"
    assert output(python(code, "open", url)) == "0\nFalse"


def test_the_words_of_the_state_cost_no_database() -> None:
    assert output(python("import sys, hxrules.state.entries; print('sqlalchemy' in sys.modules)")) == "False"


def test_postgresql_takes_the_same_tables() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in tables.metadata.sorted_tables:
        statement = str(CreateTable(table).compile(dialect=dialect))
        assert f"CREATE TABLE {table.name}" in statement
        for index in table.indexes:
            assert "CREATE INDEX" in str(CreateIndex(index).compile(dialect=dialect))


@pytest.mark.parametrize("how", ["open", "look"])
def test_a_state_of_the_first_version_keeps_everything_and_learns_what_came_since(
    url: str, path: Path, clock: Clock, how: str
) -> None:
    """As written before rulesets and parted pairs were kept: without their tables."""
    with open_store(url, now=clock) as store:
        store.advance(STEP)
        store.begin(run())
        before = (store.view(), store.runs())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE rulesets")
        connection.execute("DROP TABLE apart")
        connection.commit()
    set_version(path, "0001")
    newer = open_store(url, now=clock) if how == "open" else peek_store(url)
    assert newer is not None
    with newer:
        assert (newer.view(), newer.runs()) == before
        assert newer.ruleset("sha") is None


NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("syncs", sa.Column("note", sa.Text))
    op.execute("UPDATE syncs SET note = 'migrated'")
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that is one version further than the states written so far; the file of its migration."""
    migrations = tmp_path / "migrations"
    shutil.copytree(database.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    file = migrations / "versions" / "0004_next.py"
    file.write_text(NEXT, encoding="utf-8")
    monkeypatch.setattr(database, "MIGRATIONS", migrations)
    return file


@pytest.mark.parametrize("how", ["open", "look"])
def test_an_older_state_is_migrated_and_keeps_what_it_knew(
    url: str, path: Path, clock: Clock, next_version: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(database, "MIGRATIONS", Path(database.__file__).parent / "migrations")
    with open_store(url, now=clock) as store:
        store.advance(STEP)
        before = store.view()
    monkeypatch.setattr(database, "MIGRATIONS", next_version.parent.parent)
    monkeypatch.setattr(tables, "HEAD", "0004")
    newer = open_store(url, now=clock) if how == "open" else peek_store(url)
    assert newer is not None
    with newer:
        assert newer.view() == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT note FROM syncs").fetchall() == [("migrated",)]


def test_a_migration_that_fails_leaves_the_older_state_whole(
    url: str, path: Path, clock: Clock, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "MIGRATIONS", Path(database.__file__).parent / "migrations")
    with open_store(url, now=clock) as store:
        store.advance(STEP)
        before = store.view()
    monkeypatch.setattr(database, "MIGRATIONS", next_version.parent.parent)
    next_version.write_text(NEXT + "    raise RuntimeError('killed here')\n", encoding="utf-8")
    with monkeypatch.context() as newer:
        newer.setattr(tables, "HEAD", "0004")
        with pytest.raises(RuntimeError, match="killed here"):
            open_store(url, now=clock)
    with open_store(url, now=clock) as store:
        assert store.view() == before
    with closing(sqlite3.connect(path)) as connection:
        assert "note" not in [row[1] for row in connection.execute("PRAGMA table_info(syncs)")]


def test_every_refusal_of_the_state_is_explained() -> None:
    source = Path(refusals.__file__).read_text(encoding="utf-8")
    said = set(re.findall(r'"(HX\d{3})"', source))
    assert said
    assert said == {code for code in explanations() if code.startswith("HX5")}

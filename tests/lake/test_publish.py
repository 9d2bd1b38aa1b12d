"""A partition is published as a whole, or the old one stays."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pothole.errors import BadInputError, LakeError, LockedError, NoDataError, PipelineFailure, UserError
from pothole.lake import Lake, check_same_run
from pothole.tables import IMPACTS, TRAVERSALS
from tests.lake.samples import BOTH, DAY, PARTS, ROWS, lying_there, publish, table_of, version_of, write_parts

ONE = BOTH[0]
FOLDER = f"{ONE}/dt={DAY}"
FACTS = {"inputs": [], "code_version": "test", "config_hash": "0"}


def test_what_is_published_is_read(lake: Lake) -> None:
    publish(lake, 1)
    manifest = lake.manifest(ONE, DAY)
    assert manifest is not None
    assert (manifest.dataset, manifest.date, manifest.run_id, manifest.rows) == (ONE, DAY, "run-000001", PARTS * ROWS)
    assert manifest.inputs == ({"version": 1},) and lake.dates(ONE) == [DAY]
    sizes = dict(lake.storage.files(FOLDER))
    assert [sizes[f"{FOLDER}/{f.path}"] for f in manifest.files] == [f.bytes for f in manifest.files]
    assert all(lake.fs.exists(path) for path in lake.files(ONE, DAY)) and len(lake.files(ONE, DAY)) == PARTS
    assert version_of(lake, ONE) == 1


def test_chosen_columns_in_the_order_asked_for(lake: Lake) -> None:
    publish(lake, 1)
    assert lake.read_table(ONE, DAY, ["lat", "impact_id"]).column_names == ["lat", "impact_id"]
    assert lake.read_table(ONE, DAY).column_names == list(IMPACTS.names)


def test_nothing_published(lake: Lake) -> None:
    publish(lake, 1)
    for ask in (lake.files, lake.read_table, lake.published):
        with pytest.raises(NoDataError, match=f"no {ONE} for 2026-03-01 in .*; the dates there are {DAY}"):
            ask(ONE, "2026-03-01")
    assert lake.manifest(ONE, "2026-03-01") is None


def test_a_rerun_replaces_and_removes_the_older_version(lake: Lake) -> None:
    for version in (1, 2, 3):
        publish(lake, version)
        assert [version_of(lake, dataset) for dataset in BOTH] == [version, version]
    assert lying_there(lake, FOLDER) == {
        "_manifest.json",
        *(f"run-run-000003/part-0000{i}.parquet" for i in range(PARTS)),
    }


def test_a_rerun_removes_what_a_killed_run_had_half_written(lake: Lake) -> None:
    publish(lake, 1)
    lake.storage.write(f"{FOLDER}/._manifest.json.48f009af.tmp", b"{")
    lake.storage.write(f"{FOLDER}/run-killed/part-00000.parquet", b"PAR1")
    publish(lake, 2)
    assert version_of(lake, ONE) == 2 and lake.repair() == []


def fail_while_publishing(lake: Lake, run_id: str, *, after: tuple[str, ...] = ()) -> None:
    """A run that writes version 2 of both datasets, publishes those named, and fails."""

    def run() -> None:
        with lake.publishing(run_id, DAY) as publication:
            for dataset in BOTH:
                write_parts(publication.local_target(dataset), dataset, 2)
            assert version_of(lake, ONE) == 1
            for dataset in after:
                publication.commit(dataset, **FACTS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()


def test_a_stage_that_fails_leaves_the_old_partition_and_nothing_else(lake: Lake) -> None:
    publish(lake, 1)
    before = lying_there(lake, ONE)
    fail_while_publishing(lake, "r2")
    assert lying_there(lake, ONE) == before and version_of(lake, ONE) == 1
    assert lake.storage.files("locks") in ([], [("locks/.guard", 0)])


@pytest.mark.parametrize("problem", [LakeError("no answer"), KeyboardInterrupt()])
@pytest.mark.parametrize(("takes_effect", "version"), [(True, 2), (False, 1)])
def test_a_manifest_whose_writing_raises_leaves_a_whole_version(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, problem: BaseException, takes_effect: bool, version: int
) -> None:
    publish(lake, 1)
    write = lake.storage.write

    def answer_lost(path: str, content: bytes) -> None:
        manifest = path.endswith("_manifest.json")
        if takes_effect or not manifest:
            write(path, content)
        if manifest:
            raise problem

    with monkeypatch.context() as patched:
        patched.setattr(lake.storage, "write", answer_lost)
        with pytest.raises(type(problem)):
            publish(lake, 2, datasets=(ONE,))
    assert version_of(lake, ONE) == version
    lake.repair()
    assert version_of(lake, ONE) == version
    assert {path.split("/")[0] for path in lying_there(lake, FOLDER)} == {"_manifest.json", f"run-run-00000{version}"}


def test_each_dataset_is_published_by_itself(lake: Lake) -> None:
    publish(lake, 1)
    fail_while_publishing(lake, "r2", after=BOTH[:1])
    assert [version_of(lake, dataset) for dataset in BOTH] == [2, 1]
    with pytest.raises(BadInputError, match=f"different runs: {BOTH[0]} from run r2, {BOTH[1]} from run run-000001"):
        check_same_run(lake, list(BOTH), DAY)
    publish(lake, 3)
    check_same_run(lake, list(BOTH), DAY)


def test_inputs_that_are_not_there_come_from_no_run(lake: Lake) -> None:
    publish(lake, 1, datasets=BOTH[:1])
    with pytest.raises(NoDataError, match=f"no {BOTH[1]} for"):
        check_same_run(lake, list(BOTH), DAY)


def test_an_empty_result_is_a_result(lake: Lake) -> None:
    with lake.publishing("r1", DAY) as publication:
        write = publication.local_target(ONE) / "part-00000.parquet"
        pq.write_table(table_of(IMPACTS, rows=0), write)
        publication.commit(ONE, rows={"part-00000.parquet": 0}, **FACTS)
    assert lake.published(ONE, DAY).rows == 0 and lake.read_table(ONE, DAY).num_rows == 0


def commit_once(lake: Lake, table: pa.Table | None, **facts: object) -> None:
    with lake.publishing("bad", DAY) as publication:
        target = publication.local_target(ONE)
        if table is not None:
            pq.write_table(table, target / "part-00000.parquet")
        publication.commit(ONE, **(FACTS | facts))  # type: ignore[arg-type]


def wide_flag() -> pa.Table:
    """Impacts whose flag has another type."""
    at = IMPACTS.names.index("is_pothole")
    return table_of(IMPACTS).set_column(at, "is_pothole", pa.array([1] * ROWS))


@pytest.mark.parametrize(
    ("table", "facts", "reason"),
    [
        (None, {}, "nothing was written to"),
        (table_of(TRAVERSALS), {}, r"column impact_id is missing, expected string"),
        (wide_flag(), {}, "is_pothole is int64, expected int"),
        (table_of(IMPACTS), {"rows": {"part-00000.parquet": 1}}, r"rows by file, expected .*1"),
    ],
)  # fmt: skip
def test_what_is_no_such_dataset_is_not_published(
    lake: Lake, table: pa.Table | None, facts: dict[str, object], reason: str
) -> None:
    publish(lake, 1)
    with pytest.raises(PipelineFailure, match=reason):
        commit_once(lake, table, **facts)
    assert version_of(lake, ONE) == 1 and lake.repair() == []


def test_a_run_that_publishes_again_and_fails_leaves_what_it_published_before(lake: Lake) -> None:
    publish(lake, 1, run_id="same")
    fail_while_publishing(lake, "same")
    assert version_of(lake, ONE) == 1
    publish(lake, 3, run_id="same")
    assert [version_of(lake, dataset) for dataset in BOTH] == [3, 3]
    assert lake.published(ONE, DAY).run_id == "same" and lake.repair() == []


def test_leftovers_of_a_killed_attempt_are_not_published(lake: Lake) -> None:
    for name in ("part-00009.parquet", "part-00000.parquet"):
        lake.storage.write(f"{FOLDER}/run-again/{name}", b"left by a killed attempt of the same run")
    publish(lake, 2, run_id="again")
    assert version_of(lake, ONE) == 2


def test_what_spark_leaves_beside_its_parts_is_not_published(lake: Lake, tmp_path: Path) -> None:
    with lake.publishing("r1", DAY) as publication:
        target = publication.target(ONE)
        assert target == f"{lake.spark_uri}/{FOLDER}/run-r1"
        write_parts(tmp_path, ONE, 1)
        for part in sorted(tmp_path.glob("part-*")):
            lake.storage.upload(part, f"{FOLDER}/run-r1/{part.name}")
        for name in ("_SUCCESS", "_temporary/0/part-00007.parquet", ".part-00000.parquet.crc"):
            lake.storage.write(f"{FOLDER}/run-r1/{name}", b"")
        publication.commit(ONE, **FACTS)
    assert version_of(lake, ONE) == 1


def test_a_damaged_manifest_is_told_and_replaced_by_the_next_run(lake: Lake) -> None:
    publish(lake, 1, run_id="same")
    lake.storage.write(f"{FOLDER}/_manifest.json", b'{"dataset": ')
    with pytest.raises(BadInputError, match=r"_manifest\.json is not a valid manifest") as caught:
        lake.read_table(ONE, DAY)
    assert caught.value.hint == "run that date again"
    assert lake.repair() == [], "what a damaged manifest may list is not removed"
    publish(lake, 2, run_id="same")
    assert version_of(lake, ONE) == 2


def test_a_listed_file_that_is_gone(lake: Lake) -> None:
    publish(lake, 1)
    lake.storage.delete(lake.files(ONE, DAY)[1].removeprefix(f"{lake.root}/"))
    with pytest.raises(LakeError, match=f"{ONE} of {DAY} in .* lists a file that is not there: .*part-00001"):
        lake.read_table(ONE, DAY)


def test_a_listed_file_that_is_damaged_or_lacks_a_column(lake: Lake) -> None:
    publish(lake, 1)
    path = lake.files(ONE, DAY)[1].removeprefix(f"{lake.root}/")
    lake.storage.write(path, lake.storage.read(path)[:500])
    with pytest.raises(BadInputError, match=r"part-00001\.parquet is damaged"):
        lake.read_table(ONE, DAY)
    with pytest.raises(BadInputError, match=r"part-00000\.parquet: column colour is missing"):
        lake.read_table(ONE, DAY, ["lon", "colour"])


def test_a_run_id_that_is_no_folder_name(lake: Lake) -> None:
    for ask in (
        lambda: lake.publishing("../x", DAY),
        lambda: lake.write_run_record(DAY, "a_b", "stage1", {}),
        lambda: lake.lock(DAY, "").__enter__(),
    ):
        with pytest.raises(UserError, match="is not a run id"):
            ask()


def test_two_publications_of_one_date_do_not_meet(lake: Lake) -> None:
    with lake.publishing("first", DAY) as publication:
        write_parts(publication.local_target(ONE), ONE, 1)
        with pytest.raises(LockedError, match=f"{DAY} is held by run first"):
            publish(Lake(lake.storage), 2)
        with pytest.raises(LockedError, match=f"{DAY} is held by run first"):
            publish(lake, 2)
        publication.commit(ONE, **FACTS)
    assert version_of(lake, ONE) == 1


def test_a_run_publishes_under_the_lock_that_it_holds(lake: Lake) -> None:
    with lake.lock(DAY, "run-000001", command="pothole run"):
        publish(lake, 1)
        with pytest.raises(LockedError):
            publish(Lake(lake.storage), 2)
    publish(lake, 2)
    assert version_of(lake, ONE) == 2

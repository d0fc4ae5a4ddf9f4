"""The files that come out: their number, names, bytes and lines."""

from __future__ import annotations

import gc
import gzip
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flowsql.errors import OutputError, UsageError
from flowsql.generate.logs import DEFAULT_START, Generated, generate
from flowsql.generate.schedule import Schedule
from flowsql.logformat.fields import DEFAULT_FIELDS, TGW_FIELDS, VPC_FIELDS, Field
from flowsql.logformat.format_string import parse_format_string, to_format_string
from flowsql.sources.local import find_objects

KEY = re.compile(
    r"AWSLogs/(?P<account>\d{12})/vpcflowlogs/(?P<region>[a-z]+-[a-z]+-\d)/(?P<day>\d{4}/\d\d/\d\d)/"
    r"(?P=account)_vpcflowlogs_(?P=region)_(?P<flow_log>fl-[0-9a-f]{17})_(?P<slot>\d{8}T\d{4}Z)_[0-9a-f]{8}"
    r"\.log\.(?P<kind>gz|parquet)"
)
CUSTOM = "${end} ${tcp-flags} ${srcaddr} ${action} ${interface-id} ${start}"
FORMATS = {
    "default": DEFAULT_FIELDS,
    "all": VPC_FIELDS,
    "tgw": TGW_FIELDS,
    "custom order": tuple(parse_format_string(CUSTOM)),
    "one per-flow field": tuple(parse_format_string("${bytes}")),
    "one fixed field": tuple(parse_format_string("${region}")),
    "unknown field": tuple(parse_format_string("${srcaddr} ${brand-new-field}")),
}


def lines_of(file: Path) -> list[str]:
    return gzip.decompress(file.read_bytes()).decode("ascii").splitlines()


def slot_of(file: Path) -> str:
    return file.name.split("_")[4]


def values_of(generated: Generated) -> list[list[str]]:
    return [line.split(" ") for file in generated.files for line in lines_of(file)[1:]]


def bytes_by_name(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.mark.parametrize(("records", "slots"), [(1, 1), (50, 1), (51, 2), (299, 6), (7_001, 6)], ids=str)
@pytest.mark.parametrize("fields", [DEFAULT_FIELDS, TGW_FIELDS], ids=["default", "tgw"])
def test_number_of_records_is_exact(
    tmp_path: Path, records: int, slots: int, fields: tuple[Field, ...]
) -> None:
    heard: list[tuple[Path, int]] = []
    generated = generate(
        tmp_path, records=records, fields=fields, on_file=lambda path, count: heard.append((path, count))
    )
    assert generated.records == records
    assert len(values_of(generated)) == records
    assert heard == [(file, len(lines_of(file)) - 1) for file in generated.files]
    assert len({slot_of(file) for file in generated.files}) == slots
    assert generated.size_bytes == sum(
        len(content) for content in bytes_by_name(tmp_path / "AWSLogs").values()
    )


def schedule_of(records: int, **wanted: int) -> Schedule:
    given = {
        "start": DEFAULT_START,
        "interval_s": 60,
        "duration_s": None,
        "missing_files": 0,
        "late_files": 0,
    }
    return Schedule.of(records, **(given | wanted), rng=Random(1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("records", "wanted", "slots"),
    [
        (1_000_000, {}, 6),
        (3_000_001, {}, 7),
        (10_000_000, {}, 20),
        (1_000, {"duration_s": 86_400}, 288),
        (1_000, {"duration_s": 301}, 2),
        (5_003, {"interval_s": 600}, 6),
        (5_003, {"interval_s": 600, "duration_s": 700}, 4),
        (5_003, {"missing_files": 2, "late_files": 1}, 6),
        (10, {"missing_files": 1, "duration_s": 3_600, "interval_s": 600}, 12),
    ],
    ids=str,
)
def test_schedule_spreads_exactly_all_records(records: int, wanted: dict[str, int], slots: int) -> None:
    schedule = schedule_of(records, **wanted)
    batches = [batch for interval in schedule for batch in interval.batches]
    assert batches[-1].slot + 1 == slots
    assert sum(batch.size for batch in batches if batch.logged) == records
    counts = {batch.size for batch in batches if batch.logged}
    assert max(counts) - min(counts) <= 1
    assert {batch.slot for batch in batches if not batch.logged} == schedule.missing
    assert len(schedule.missing) == wanted.get("missing_files", 0)
    assert len(schedule.late) == wanted.get("late_files", 0)
    for batch in batches:
        first = schedule.slot_start(batch.slot)
        assert first <= batch.ends[0] < batch.ends[1] <= first + 300


def test_files_have_at_most_so_many_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsql.generate.log_files.MOST_RECORDS_PER_FILE", 400)
    files = generate(tmp_path, records=5_000, truth=False).files
    assert max(len(lines_of(file)) - 1 for file in files) <= 400
    assert len(files) > len({slot_of(file) for file in files}) * 4
    assert len({file.name for file in files}) == len(files)


@pytest.mark.parametrize(
    ("fields", "parquet"), [(DEFAULT_FIELDS, False), (VPC_FIELDS, True)], ids=["default text", "all parquet"]
)
def test_same_arguments_same_bytes(tmp_path: Path, fields: tuple[Field, ...], parquet: bool) -> None:
    for name, seed in [("one", 7), ("two", 7), ("other", 8)]:
        generate(tmp_path / name, records=1_000, seed=seed, parquet=parquet, fields=fields)
    assert bytes_by_name(tmp_path / "one") == bytes_by_name(tmp_path / "two")
    one, other = (bytes_by_name(tmp_path / name / "AWSLogs") for name in ("one", "other"))
    assert not set(one.values()) & set(other.values())
    # A store takes objects of one name to be the same object.
    assert not set(one) & set(other)


def test_other_log_format_is_another_flow_log(tmp_path: Path) -> None:
    flow_logs: list[set[str]] = []
    for fields in (DEFAULT_FIELDS, VPC_FIELDS):
        matches = [
            KEY.fullmatch(file.relative_to(tmp_path).as_posix())
            for file in generate(tmp_path, records=500, fields=fields).files
        ]
        assert all(matches)
        flow_logs.append({match["flow_log"] for match in matches if match})
        described = json.loads((tmp_path / "truth/describe-flow-logs.json").read_text())["FlowLogs"]
        assert {log["FlowLogId"] for log in described} >= flow_logs[-1]
        assert {log["LogFormat"] for log in described} == {to_format_string(fields)}
    assert not flow_logs[0] & flow_logs[1]


@pytest.mark.parametrize(
    "start", [DEFAULT_START, DEFAULT_START + 299, 1_798_761_300], ids=["default", "rounded down", "new year"]
)
def test_records_end_in_the_slot_of_their_file(tmp_path: Path, start: int) -> None:
    generated = generate(tmp_path, records=3_000, start=start)
    slots = sorted({slot_of(file) for file in generated.files})
    assert len(slots) == 6
    for file in generated.files:
        number = slots.index(slot_of(file))
        match = KEY.fullmatch(file.relative_to(tmp_path).as_posix())
        assert match
        slot = datetime.strptime(match["slot"], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
        assert slot.timestamp() == start // 300 * 300 + 300 * number
        assert match["day"] == f"{slot:%Y/%m/%d}"
        times = [(int(line.split(" ")[10]), int(line.split(" ")[11])) for line in lines_of(file)[1:]]
        assert all(slot.timestamp() <= end < slot.timestamp() + 300 for _, end in times)
        assert all(0 <= end - first < 60 for first, end in times)


@pytest.mark.parametrize("fields", FORMATS.values(), ids=FORMATS)
def test_lines_fit_their_log_format(tmp_path: Path, fields: tuple[Field, ...]) -> None:
    generated = generate(tmp_path, records=4_000, fields=fields)
    header = " ".join(field.name for field in fields)
    assert all(lines_of(file)[0] == header for file in generated.files)
    rows = values_of(generated)
    assert {len(row) for row in rows} == {len(fields)}
    for field, values in zip(fields, zip(*rows, strict=True), strict=True):
        seen = set(values)
        assert "" not in seen
        assert "-" not in seen or field.dash, field.name
        if field.is_integer:
            assert all(value == "-" or value.isdecimal() for value in seen), field.name


def test_gzip_ratio_is_that_of_real_logs(tmp_path: Path) -> None:
    generated = generate(tmp_path, records=100_000)
    text = sum(len(gzip.decompress(file.read_bytes())) for file in generated.files)
    assert 8 < text / generated.size_bytes < 11


def test_gzip_header_holds_no_time_and_no_name(tmp_path: Path) -> None:
    head = generate(tmp_path, records=10).files[0].read_bytes()[:8]
    assert head == b"\x1f\x8b\x08\x00" + bytes(4)


@pytest.mark.parametrize("name", ["default", "all", "tgw", "unknown field"])
def test_parquet_has_the_types_and_values_of_the_text(tmp_path: Path, name: str) -> None:
    fields = FORMATS[name]
    text = generate(tmp_path, records=2_000, fields=fields)
    parquet = generate(tmp_path, records=2_000, fields=fields, parquet=True)
    types = {"int32": pa.int32(), "int64": pa.int64(), "string": pa.string()}
    rows: list[list[str]] = []
    for file in parquet.files:
        assert KEY.fullmatch(file.relative_to(tmp_path).as_posix())
        stored = pq.ParquetFile(file)
        assert [(f.name, f.type) for f in stored.schema_arrow] == [(f.column, types[f.type]) for f in fields]
        assert stored.metadata.row_group(0).column(0).compression == "GZIP"
        for row in stored.read().to_pylist():
            rows.append(["-" if value is None else str(value) for value in row.values()])
    assert rows == values_of(text)


def test_parquet_has_null_numbers_and_dashes_for_text(tmp_path: Path) -> None:
    fields = parse_format_string("${srcaddr} ${bytes} ${log-status}")
    files = generate(tmp_path, records=1_000, fields=fields, parquet=True).files
    rows = [row for file in files for row in pq.read_table(file).to_pylist()]
    idle = [row for row in rows if row["log_status"] == "NODATA"]
    assert idle
    assert all(row["srcaddr"] == "-" and row["bytes"] is None for row in idle)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"records": 0}, "0 records"),
        ({"records": 5, "fields": ()}, "at least one field"),
        ({"records": 5, "start": -1}, "-1 is no start"),
        ({"records": 5, "start": 10**12}, "is no start"),
        ({"records": 5, "interval_s": 300}, "no aggregation interval of 300"),
        ({"records": 5, "interval_s": 600, "fields": TGW_FIELDS}, "60 s only"),
        ({"records": 5, "duration_s": 0}, "at least a second"),
        ({"records": 5, "duration_s": 600, "missing_files": 1}, "1 files cannot be missing or late"),
        ({"records": 5, "late_files": -1}, "-1 files"),
        ({"records": 4_000_000, "duration_s": 300}, "do not fit into 300 seconds"),
        ({"records": 5, "shares": {"scan-virtical": 0.1}}, "no kind of traffic called 'scan-virtical'"),
        ({"records": 5, "shares": {"web": 1.5}}, "share of 1.5"),
        ({"records": 5, "shares": {"web": 0.6, "noise": 0.6}}, "shares of 1.2"),
        ({"records": 5, "shares": {"ntp": 0.2}}, "goes by the clock"),
    ],
    ids=str,
)
def test_arguments_that_make_no_sense(tmp_path: Path, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        generate(tmp_path, **arguments)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="could not be written") as caught:
        generate(tmp_path / "file", records=5)
    assert caught.value.remedy


def test_nothing_is_left_of_an_unfinished_file(tmp_path: Path) -> None:
    def stop(path: Path, records: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path, records=300, on_file=stop)
    assert len(bytes_by_name(tmp_path)) == 1
    path = next(iter(tmp_path.rglob("*.gz")))
    path.unlink()
    path.mkdir()
    with pytest.raises(OutputError):
        generate(tmp_path, records=300)
    assert not [path for path in tmp_path.rglob("*") if "part" in path.name or path.name == "truth.parquet"]


@pytest.mark.parametrize(
    ("shares", "least", "most"),
    [
        ({"scan-vertical": 0.3}, 0.1, 0.4),
        ({"late": 0.2}, 0.12, 0.25),
        ({"noise": 0}, 0, 0),
        ({"beacon": 0}, 0, 0),
        ({"web": 1}, 0.8, 1),
    ],
    ids=str,
)
def test_a_share_is_that_of_the_connections(
    tmp_path: Path, shares: dict[str, float], least: float, most: float
) -> None:
    generate(tmp_path, records=30_000, shares=shares)
    kinds = pq.read_table(tmp_path / "truth/truth.parquet", columns=["kind"]).column("kind").to_pylist()
    assert least <= kinds.count(next(iter(shares))) / len(kinds) <= most


def test_missing_and_late_files(tmp_path: Path) -> None:
    whole = {slot_of(file) for file in generate(tmp_path / "whole", records=8_000, duration_s=3_000).files}
    generated = generate(tmp_path / "some", records=8_000, duration_s=3_000, missing_files=2, late_files=3)
    slots, late = {slot_of(f) for f in generated.files}, {slot_of(f) for f in generated.late_files}
    assert len(whole - slots) == 2
    assert len(late) == 3
    assert late < slots
    assert all(file.is_relative_to(tmp_path / "some/late/AWSLogs") for file in generated.late_files)
    assert sum(len(lines_of(file)) - 1 for file in (*generated.files, *generated.late_files)) == 8_000


def test_loading_the_folder_takes_the_logs_on_time_only(tmp_path: Path) -> None:
    generated = generate(tmp_path, records=2_000, late_files=1)
    found = [Path(o.name).name for o in find_objects(str(tmp_path), tmp_path / "spool")]
    assert sorted(found) == sorted(file.name for file in generated.files)
    late = [Path(o.name).name for o in find_objects(str(tmp_path / "late"), tmp_path / "spool")]
    assert sorted(late) == sorted(file.name for file in generated.late_files)


def test_without_truth_the_logs_are_the_same(tmp_path: Path) -> None:
    generate(tmp_path / "with", records=1_000)
    generate(tmp_path / "without", records=1_000, truth=False)
    assert bytes_by_name(tmp_path / "with/AWSLogs") == bytes_by_name(tmp_path / "without/AWSLogs")
    assert not (tmp_path / "without/truth").exists()


def test_what_is_given_up_half_way_is_let_go_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Parquet writer that outlives its file complains of it when it is collected."""
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    def stop(path: Path, records: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path, records=3000, parquet=True, overlap=True, on_file=stop)
    gc.collect()
    assert unraisable == []
    assert not list(tmp_path.rglob("*.part"))

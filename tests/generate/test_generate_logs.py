"""The files that come out: their number, names, bytes and lines."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flowsql.errors import OutputError, UsageError
from flowsql.generate.logs import DEFAULT_START, Generated, generate
from flowsql.logformat.fields import DEFAULT_FIELDS, TGW_FIELDS, VPC_FIELDS, Field
from flowsql.logformat.format_string import parse_format_string

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


def values_of(generated: Generated) -> list[list[str]]:
    return [line.split(" ") for file in generated.files for line in lines_of(file)[1:]]


def bytes_by_name(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.mark.parametrize(("records", "files"), [(1, 1), (50, 1), (51, 2), (299, 6), (7_001, 6)], ids=str)
@pytest.mark.parametrize("fields", [DEFAULT_FIELDS, TGW_FIELDS], ids=["default", "tgw"])
def test_number_of_records_is_exact(
    tmp_path: Path, records: int, files: int, fields: tuple[Field, ...]
) -> None:
    heard: list[tuple[Path, int]] = []
    generated = generate(
        tmp_path, records=records, fields=fields, on_file=lambda path, count: heard.append((path, count))
    )
    assert generated.records == records
    assert len(values_of(generated)) == records
    assert heard == [(file, len(lines_of(file)) - 1) for file in generated.files]
    assert len(generated.files) == files
    assert generated.size_bytes == sum(len(content) for content in bytes_by_name(tmp_path).values())


def test_large_logs_have_files_of_at_most_500_000_records() -> None:
    from flowsql.generate.logs import _slots

    for records, files in [(1_000_000, 6), (3_000_001, 7), (10_000_000, 20)]:
        slots = list(_slots(records, DEFAULT_START))
        assert len(slots) == files
        assert sum(sum(counts) for _, counts in slots) == records
        assert max(sum(counts) for _, counts in slots) <= 500_000


@pytest.mark.parametrize(
    ("fields", "parquet"), [(DEFAULT_FIELDS, False), (VPC_FIELDS, True)], ids=["default text", "all parquet"]
)
def test_same_arguments_same_bytes(tmp_path: Path, fields: tuple[Field, ...], parquet: bool) -> None:
    for name, seed in [("one", 7), ("two", 7), ("other", 8)]:
        generate(tmp_path / name, records=1_000, seed=seed, parquet=parquet, fields=fields)
    one, two, other = (bytes_by_name(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert not set(one.values()) & set(other.values())
    # A store takes objects of one name to be the same object.
    assert not set(one) & set(other)


def test_other_log_format_is_another_flow_log(tmp_path: Path) -> None:
    flow_logs = set()
    for fields in (DEFAULT_FIELDS, VPC_FIELDS):
        for file in generate(tmp_path, records=500, fields=fields).files:
            match = KEY.fullmatch(file.relative_to(tmp_path).as_posix())
            assert match
            flow_logs.add(match["flow_log"])
    assert len(flow_logs) == 2


@pytest.mark.parametrize(
    "start", [DEFAULT_START, DEFAULT_START + 299, 1_798_761_300], ids=["default", "rounded down", "new year"]
)
def test_records_end_in_the_slot_of_their_file(tmp_path: Path, start: int) -> None:
    generated = generate(tmp_path, records=3_000, start=start)
    assert len(generated.files) == 6
    for number, file in enumerate(generated.files):
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
    ],
    ids=["no records", "no fields", "before 1970", "milliseconds"],
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
    assert bytes_by_name(tmp_path) == {}

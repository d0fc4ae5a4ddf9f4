"""Every shape gives the records that its lines have, and keeps the place of what it refuses."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowsql.errors import SourceError
from flowsql.ingest.detect import NotFlowLogs, UndecidedFormat
from flowsql.ingest.shapes.packed import base64_documents
from flowsql.logformat.fields import DEFAULT_FIELDS
from flowsql.logformat.format_string import parse_format_string

Read = Callable[..., Any]


def line(i: int) -> str:
    return f"2 012345678901 eni-{i} 10.0.0.1 10.0.0.2 443 49152 6 20 {i} 1418530010 1418530070 ACCEPT OK"


LINES = [line(1), line(2), line(3)]
NAMES = [field.name for field in DEFAULT_FIELDS]
ROWS = [dict(zip(NAMES, text.split(), strict=True)) for text in LINES]
CAMEL = [
    "version",
    "accountId",
    "interfaceId",
    "srcAddr",
    "dstAddr",
    "srcPort",
    "dstPort",
    "protocol",
    "packets",
    "bytes",
    "startTime",
    "endTime",
    "action",
    "logStatus",
]
FIRST_ATHENA = [
    "version",
    "account",
    "interfaceid",
    "sourceaddress",
    "destinationaddress",
    "sourceport",
    "destinationport",
    "protocol",
    "numpackets",
    "numbytes",
    "starttime",
    "endtime",
    "action",
    "logstatus",
]


def event(i: int, message: str) -> dict[str, Any]:
    return {"id": f"37{i}", "timestamp": 1418530010000 + i, "message": message}


def envelope(*lines: str, **more: Any) -> dict[str, Any]:
    head = {"messageType": "DATA_MESSAGE", "owner": "012345678901", "logGroup": "g", "logStream": "eni-1-all"}
    return head | {"logEvents": [event(i, text) for i, text in enumerate(lines)]} | more


CONTROL = envelope("CWL CONTROL MESSAGE: Checking health of destination", messageType="CONTROL_MESSAGE")


def packed(value: Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(value).encode(), mtime=0)).decode()


def wrapped(text: str) -> str:
    return "\n".join(text[i : i + 76] for i in range(0, len(text), 76)) + "\n"


def insights(names: list[str]) -> list[list[dict[str, str]]]:
    return [
        [{"field": n, "value": v} for n, v in zip(names, text.split(), strict=True)]
        + [{"field": "@ptr", "value": "CmAK"}]
        for text in LINES
    ]


def csv(names: list[str], *, quote: str = "", end: str = "\n") -> str:
    rows = [names, *(text.split() for text in LINES)]
    return "".join(",".join(f"{quote}{cell}{quote}" for cell in row) + end for row in rows)


FILTERED = {
    "events": [
        event(i, text) | {"logStreamName": "eni-1-all", "eventId": "1"} for i, text in enumerate(LINES)
    ],
    "searchedLogStreams": [{"logStreamName": "eni-1-all", "searchedCompletely": True}],
    "nextToken": "abc",
}
SHAPES: dict[str, str | bytes] = {
    "filter-log-events": json.dumps(FILTERED, indent=4),
    "get-log-events": json.dumps(
        {"events": [event(0, t) for t in LINES], "nextForwardToken": "f/1", "nextBackwardToken": "b/1"}
    ),
    "events alone": json.dumps([event(0, t) for t in LINES]),
    "behind a byte order mark": "\ufeff" + json.dumps(FILTERED),
    "export task": "".join(f"2014-12-14T04:06:5{i}.000Z {text}\n" for i, text in enumerate(LINES)),
    "aws logs tail, short": "".join(f"2014-12-14T04:06:5{i} {text}\n" for i, text in enumerate(LINES)),
    "aws logs tail": "".join(
        f"2014-12-14T04:06:5{i}.071000+00:00 eni-1-all {text}\n" for i, text in enumerate(LINES)
    ),
    "subscription": json.dumps(envelope(*LINES)),
    "subscriptions side by side": "".join(json.dumps(envelope(text)) for text in LINES),
    "subscriptions on lines": "\n".join(json.dumps(envelope(text)) for text in LINES),
    "with a control message": json.dumps(CONTROL) + json.dumps(envelope(*LINES)),
    "subscriptions, gzip": b"".join(gzip.compress(json.dumps(envelope(t)).encode()) for t in LINES),
    "subscriptions, gzip in gzip": gzip.compress(
        b"".join(gzip.compress(json.dumps(envelope(text)).encode()) for text in LINES)
    ),
    "lines, gzip in gzip": gzip.compress(gzip.compress("\n".join(LINES).encode())),
    "subscription, base64": packed(envelope(*LINES)),
    "subscription, base64 on short lines": wrapped(packed(envelope(*LINES))),
    "subscriptions, base64, a line each": "\n".join(packed(envelope(text)) for text in LINES),
    "subscriptions, base64 side by side": "".join(packed(envelope(text)) for text in LINES),
    "subscription, as Lambda gets it": json.dumps({"awslogs": {"data": packed(envelope(*LINES))}}),
    "Lambda's events on lines": "\n".join(
        json.dumps({"awslogs": {"data": packed(envelope(t))}}) for t in LINES
    ),
    "Firehose": "".join(json.dumps({"message": text}) + "\n" for text in LINES),
    "Firehose, with line ends in the messages": "".join(
        json.dumps({"message": text + "\n"}) for text in LINES
    ),
    "Kinesis, as Lambda gets it": json.dumps(
        {"Records": [{"kinesis": {"data": packed(envelope(t))}, "eventID": "s:1"} for t in LINES]}
    ),
    "Kinesis, lines": json.dumps(
        {"Records": [{"kinesis": {"data": base64.b64encode(t.encode()).decode()}} for t in LINES]}
    ),
    "get-records": json.dumps(
        {"Records": [{"SequenceNumber": "1", "Data": packed(envelope(t))} for t in LINES]}
    ),
    "Firehose transformation": json.dumps(
        {"records": [{"recordId": "1", "data": packed(envelope(t))} for t in LINES]}
    ),
    "Insights results": json.dumps({"results": insights(CAMEL), "status": "Complete"}),
    "Insights messages": json.dumps(
        {
            "results": [
                [{"field": "@timestamp", "value": "t"}, {"field": "@message", "value": t}] for t in LINES
            ]
        }
    ),
    "Insights CSV": csv(CAMEL),
    "Insights CSV of messages": "@timestamp,@message\n"
    + "".join(f'2026-01-01 00:00:00,"{t}"\n' for t in LINES),
    "messages with line ends in CSV": "@timestamp,@message\n"
    + "".join(f'2026-01-01 00:00:00,"{t}\n"\n' for t in LINES),
    "Athena CSV": csv([name.replace("-", "_") for name in NAMES], quote='"'),
    "CSV of the first Athena tables": csv(FIRST_ATHENA, end="\r\n"),
    "CSV with AWS's names": csv(NAMES),
    "JSON rows": "\n".join(json.dumps(row) for row in ROWS),
    "JSON rows with numbers": json.dumps(
        [{k.replace("-", "_"): int(v) if v.isdigit() else v for k, v in row.items()} for row in ROWS]
    ),
    "JSON rows as texts": json.dumps([json.dumps(row) for row in ROWS]),
    "lines as texts": json.dumps(LINES),
    "raw lines with more": json.dumps(
        [{"_raw": text, "source": "s3", "n": {"message": 1}} for text in LINES]
    ),
    "bodies": json.dumps([{"body": text, "aws": {"vpc": {"bytes": 7}}} for text in LINES]),
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("compress", [lambda content: content, gzip.compress], ids=["", "in gzip"])
def test_shapes(content: str | bytes, compress: Callable[[bytes], bytes], read: Read) -> None:
    outcome = read(compress(content.encode() if isinstance(content, str) else content))
    assert [(r["interface_id"], r["account_id"], r["bytes"], r["end"]) for r in outcome.rows] == [
        (f"eni-{i}", "012345678901", i, 1418530070) for i in (1, 2, 3)
    ]
    assert {field.name for field in outcome.fields} == set(NAMES)
    assert (outcome.rejects, outcome.damage) == ([], "")
    assert outcome.lines == outcome.accounted_for


GOOD = json.dumps(event(1, LINES[0]))
BAD: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "an event without a message": (f'{{"events":[{{"id":"7"}},{GOOD}]}}', [(1, "no log event")]),
    "a message that is no text": (f'{{"events":[{GOOD},{{"message":5}}]}}', [(2, "no log event")]),
    "a message that is no record": (
        f'{{"events":[{{"message":"no"}},{GOOD}]}}',
        [(1, "found 1 value for 14 fields")],
    ),
    "a broken event in a list": (
        f'{{"events":[{GOOD},{{"message":"2 01]}}\n,{GOOD}]}}',
        [(2, "broken JSON")],
    ),
    "a text that is not closed": (f'{{"message":"2 0123\n{GOOD}\n', [(1, "broken JSON")]),
    "words between events": (f"{GOOD} and also {GOOD}", [(2, "broken JSON")]),
    "a broken envelope between others": (
        f'{{"logEvents":[{GOOD}]}}{{"logEvents":[{{"message":}}]}}{{"logEvents":[{GOOD}]}}',
        [(2, "broken JSON")],
    ),
    "an end in the middle of an event": (f'{{"events":[{GOOD},{{"message":"2 0', [(2, "unfinished JSON")]),
    "an end between events": (f'{{"events":[{GOOD},', [(2, "unfinished JSON")]),
    "wrong base64": (f'{GOOD}{{"awslogs":{{"data":"H4sI!"}}}}', [(2, "base64 that cannot be decoded")]),
    "half of a gzip": (
        f'{GOOD}{{"awslogs":{{"data":"{packed(envelope("x"))[:40]}"}}}}',
        [(2, "gzip data that ends in the middle")],
    ),
    "other JSON values": (f"[{GOOD}, null, 5]", [(2, "no log event"), (3, "no log event")]),
    "a message of two lines": (
        json.dumps({"message": f"{LINES[0]}\nmore"}),
        [(2, "found 1 value for 14 fields")],
    ),
    "bytes that are no UTF-8": (f'{GOOD}{{"message":"2 \udcff 3"}}', [(2, "not UTF-8 text")]),
    "half a character": (f'{GOOD}{{"message":"\\ud800"}}', [(2, "not UTF-8 text")]),
    "endless integers": (f'{GOOD}{{"n":{"9" * 5000}}}{GOOD}', [(2, "broken JSON")]),
    "endless nesting": (f"{GOOD}\n{'[' * 100_000}\n{GOOD}", [(2, "broken JSON")]),
    "a row with too few cells": (
        f"{csv(NAMES)}2,x\n{','.join(LINES[0].split())}\n",
        [(5, "found 2 values for 14 fields")],
    ),
    "a quote that is not closed": (
        f'{csv(NAMES)}"2,x\n{",".join(LINES[0].split())}\n',
        [(5, "found 1 values for 14 columns")],
    ),
}


@pytest.mark.parametrize(("content", "reasons"), BAD.values(), ids=BAD)
def test_what_is_refused_keeps_its_place_and_costs_nothing_else(
    content: str, reasons: list[tuple[int, str]], read: Read
) -> None:
    outcome = read(content.encode("utf-8", "surrogateescape"))
    assert [
        (n, found[: len(reason)]) for (n, found), (_, reason) in zip(outcome.reasons, reasons, strict=True)
    ] == reasons
    assert len(outcome.rows) == content.count("ACCEPT")
    assert outcome.lines == outcome.accounted_for


def test_the_text_of_what_is_refused(read: Read) -> None:
    outcome = read(f'{{"events":[{GOOD},{{"id":"7"}},{{"message":"2\n]}}'.encode())
    assert [reject.text for reject in outcome.rejects] == ['{"id": "7"}', '{"message":"2 ]}']


def test_a_row_with_a_new_field_begins_another_log_format(read: Read) -> None:
    rows = [ROWS[0], ROWS[1] | {"vpc_id": "vpc-1"}, ROWS[2]]
    outcome = read("\n".join(json.dumps(row) for row in rows).encode())
    assert [row.get("vpc_id") for row in outcome.rows] == [None, "vpc-1", None]
    assert (outcome.headers, outcome.rejects) == (2, [])


def test_absent_values_in_rows(read: Read) -> None:
    nodata = ROWS[0] | dict.fromkeys(NAMES[3:10]) | {"action": "", "log-status": "NODATA"}
    for content in (json.dumps([nodata]), csv(NAMES).split("\n")[0] + "\n2,0,eni-1,,,,,,,,1,2,,NODATA\n"):
        (row,) = read(content.encode()).rows
        assert (row["srcaddr"], row["bytes"], row["action"], row["log_status"]) == (
            None,
            None,
            None,
            "NODATA",
        )


def test_tag_values_with_blanks_in_rows(read: Read) -> None:
    rows = [
        {"srcaddr": "10.0.0.1", "bytes": 5, "instance_tag": tag} for tag in ("web 100%", "caf%C3%A9", "a,b")
    ]
    table = "srcaddr,bytes,instance_tag\n" + "".join(
        f'{r["srcaddr"]},5,"{r["instance_tag"]}"\n' for r in rows
    )
    for content in (json.dumps(rows), table):
        assert [row["instance_tag"] for row in read(content.encode()).rows] == ["web 100%", "café", "a,b"]


def test_columns_that_are_no_fields(read: Read) -> None:
    outcome = read(b"@ptr,srcAddr,dstAddr,bytes,new_field,start_time,start\nx,10.0.0.1,10.0.0.2,5,y,2026,7\n")
    assert outcome.rows == [
        {"srcaddr": "10.0.0.1", "dstaddr": "10.0.0.2", "bytes": 5, "start": 7, "extra": '{"new-field": "y"}'}
    ]


@pytest.mark.parametrize("piece", range(1, 12))
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_base64_documents_side_by_side_however_the_bytes_come(piece: int, padding: int) -> None:
    first = next(text for n in range(99) if (text := packed({"n": n**5})).count("=") == padding)
    text = (first * 3 + "\n" + first).encode()
    chunks = (text[at : at + piece] for at in range(0, len(text), piece))
    expected = [first.encode()] * 4 if padding else [first.encode() * 3, first.encode()]
    assert list(base64_documents(chunks)) == expected


def test_a_custom_format_in_events(read: Read) -> None:
    content = json.dumps(envelope("eni-1 10.0.0.1 5", "eni-2 10.0.0.2 6")).encode()
    outcome = read(content, parse_format_string("interface-id srcaddr bytes"))
    assert [row["bytes"] for row in outcome.rows] == [5, 6]
    with pytest.raises(UndecidedFormat, match="3 values"):
        read(content)


@pytest.mark.parametrize("time", ["", "2014-12-14T04:06:50.000Z "], ids=["", "export task"])
def test_a_stream_that_mixes_log_formats(time: str, read: Read) -> None:
    custom = parse_format_string("interface-id srcaddr bytes")
    mixed = [LINES[0], "eni-9 10.0.0.9 5", LINES[1], "eni-9 10.0.0.9 6", "torn", "2 x y " + LINES[2]]
    outcome = read("".join(f"{time}{text}\n" for text in mixed).encode(), custom)
    assert sorted(row["bytes"] for row in outcome.rows) == [1, 2, 5, 6]
    assert [number for number, _ in outcome.reasons] == [5, 6]
    assert outcome.lines == outcome.accounted_for == 6


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ('{"id_orig_h": "10.0.0.1", "proto": "tcp", "ts": 1}\n' * 9, "JSON"),
        ('{"eventVersion": "1", "Records": [{"s3": {"bucket": 1}}]}', "JSON"),
        ('{"events": [], "searchedLogStreams": []}', "JSON"),
        (json.dumps(CONTROL), "JSON"),
        ('{"message": "The server has started"}\n' * 9, "JSON without records"),
        (packed({"a": 1}), "base64 without records"),
        ("H4sIAAAA", "base64 without records"),
        ("time,level,message\n1,info,The server has started\n", "comma-separated text without records"),
        ("srcaddr,a,b,c\n1,2,3,4\n", "comma-separated text"),
    ],
)
def test_other_content_stays_foreign(content: str, kind: str, read: Read) -> None:
    with pytest.raises(NotFlowLogs) as caught:
        read(content.encode())
    assert caught.value.cause == f"not flow logs: {kind}"


def test_a_cut_gzip_loses_only_the_event_that_it_cuts(read: Read) -> None:
    content = json.dumps({"events": [event(i, line(i)) for i in range(2000)]}).encode()
    outcome = read(gzip.compress(content)[:-2000])
    assert outcome.damage == "the gzip data ends in the middle of a member"
    assert 0 < len(outcome.rows) < 2000
    assert [row["bytes"] for row in outcome.rows] == list(range(len(outcome.rows)))
    assert outcome.rejects == []


def test_a_cut_gzip_in_gzip(read: Read) -> None:
    inner = b"".join(gzip.compress(json.dumps(envelope(line(i))).encode()) for i in range(3))
    outcome = read(gzip.compress(inner[:-20]))
    assert outcome.damage == "gzip data that ends in the middle"
    assert [row["bytes"] for row in outcome.rows] == [0, 1]
    assert outcome.rejects == []


# Pieces that mean something to JSON, and to what is packed in it.
_PIECE = st.one_of(
    st.sampled_from(
        ["{", "}", "[", "]", ",", ":", '"', "\\", "\n", " ", "1", "null", "{}", "[]", '{"a":', '"}']
    ),
    st.sampled_from(['{"logEvents":[', '{"events":[', '"message"', '{"message":"', '{"message":"2 x"}']),
    st.sampled_from(['{"data":"H4sI', "\ud800", "\x00"]),
    st.text(max_size=5),
)
_GARBAGE = st.lists(_PIECE, max_size=10).map("".join)


@given(parts=st.lists(st.one_of(st.none(), _GARBAGE), min_size=1, max_size=8), is_compressed=st.booleans())
@settings(max_examples=400, deadline=None)
def test_garbage_costs_no_event_on_a_line_of_its_own(
    parts: list[str | None], is_compressed: bool, read: Read
) -> None:
    # The first is good: garbage alone may be anything.
    texts = [GOOD if part is None else part for part in [None, *parts]]
    content = "\n".join(texts).encode("utf-8", "surrogatepass")
    assume(
        not any(_is_member("\n".join(texts), match.start()) for match in re.finditer("{", "\n".join(texts)))
    )
    outcome = read(gzip.compress(content, mtime=0) if is_compressed else content)
    good = texts.count(GOOD)
    assert sum(row["interface_id"] == "eni-1" for row in outcome.rows) >= good
    assert outcome.lines == outcome.accounted_for


def _is_member(content: str, at: int) -> bool:
    """Whether an object of other JSON begins there that has a good event as a member."""
    try:
        value, end = json.JSONDecoder().raw_decode(content, at)
    except ValueError:
        return False
    return isinstance(value, dict) and content[at:end] != GOOD and GOOD in content[at:end]


@given(content=st.lists(_PIECE, max_size=30).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(content: str, read: Read) -> None:
    try:
        outcome = read(content.encode("utf-8", "surrogatepass"), parse_format_string("srcaddr dstport"))
    except SourceError:
        return
    assert outcome.damage or outcome.lines == outcome.accounted_for


_CELL = st.one_of(
    st.sampled_from(
        ["2", "10.0.0.1", "-", "", '"', '""', '"2"', '"a\nb"', " ", "\t", "ACCEPT", "1418530010", "\x00"]
    ),
    st.text(max_size=4),
)
_ROW = st.lists(_CELL, max_size=16).map(",".join)


@given(
    rows=st.lists(st.one_of(st.none(), _ROW), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_any_table_is_read_whole(rows: list[str | None], end: str, last: bool, read: Read) -> None:
    good = ",".join(LINES[0].split())
    content = end.join([",".join(NAMES), good, *(good if row is None else row for row in rows)]) + end * last
    outcome = read(content.encode("utf-8", "surrogatepass"))
    assert outcome.lines == outcome.accounted_for
    assert outcome.rows[0]["interface_id"] == "eni-1"
    if not any(row and '"' in row for row in rows):  # an open quote may reach over good rows
        assert sum(row["interface_id"] == "eni-1" for row in outcome.rows) == 1 + rows.count(None)

"""JSON that is larger than what is looked at in one piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

import pytest

from flowsql.ingest.shapes import json_values
from flowsql.ingest.shapes.json_values import Broken

MEMBERS = [{"message": f"event {i}", "more": {"n": [i]}} for i in range(200)]


def pieces(text: str, size: int) -> Iterator[bytes]:
    content = text.encode()
    return (content[i : i + size] for i in range(0, len(content), size))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(
            {"status": "Complete", "events": MEMBERS, "searched": [{"a": 1}] * 50, "nextToken": "x" * 90}
        ),
        json.dumps({"events": MEMBERS[:50]}) + json.dumps({"events": MEMBERS[50:]}),
        json.dumps({"searched": [{"a": 1}] * 50, "events": MEMBERS}, indent=2),
        json.dumps(MEMBERS),
        json.dumps([[member] for member in MEMBERS])
        .replace("[[", "[")
        .replace("]]", "]")
        .replace("], [", ", "),
        "".join(json.dumps(member) for member in MEMBERS),
        "\r\n".join(json.dumps(member) for member in MEMBERS),
        json.dumps({"records": [{"events": MEMBERS}]}),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 50])
def test_the_members_come_out_however_little_is_looked_at(
    text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_values, "_WHOLE", 200)
    assert list(json_values.json_values(pieces(text, size), ("events", "records"))) == MEMBERS


def test_one_broken_member_of_many_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "_WHOLE", 200)
    text = json.dumps({"events": MEMBERS}).replace('"event 77",', '"event 77,')
    found = list(json_values.json_values(pieces(text, 50), ("events",)))
    good = [value for value in found if not isinstance(value, Broken)]
    # What is whole within it is looked at too.
    assert good == [*MEMBERS[:77], MEMBERS[77]["more"], *MEMBERS[78:]]
    (broken,) = (value for value in found if isinstance(value, Broken))
    assert broken.text.startswith('{"message": "event 77, "more": ')


def test_values_larger_than_is_looked_at_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "_WHOLE", 200)
    text = json.dumps([MEMBERS[0], {"message": "x" * 1000}, MEMBERS[1]])
    found = list(json_values.json_values(pieces(text, 50), ()))
    assert (found[0], found[-1]) == (MEMBERS[0], MEMBERS[1])
    assert all(isinstance(value, Broken) for value in found[1:-1])


def test_no_more_is_read_than_is_looked_at() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield b'{"events":['
        while True:
            read += 1 << 16
            yield b'{"message":"2 012345678901 eni-1"},' * ((1 << 16) // 35)

    values = json_values.json_values(endless(), ("events",))
    assert sum(1 for _ in islice(values, 500_000)) == 500_000
    assert read < 500_000 * 35 + 3 * json_values._WHOLE

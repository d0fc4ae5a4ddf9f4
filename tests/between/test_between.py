"""`between`: situations, as hand-written records, and the sentence that tells of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowsql.errors import QueryError, UsageError
from flowsql.workspace import Workspace

T0 = 1_700_056_800  # 2023-11-15 14:00:00 UTC
FORMAT = "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags log-status"
WITHOUT_FLAGS = FORMAT.replace(" tcp-flags", "")


def flow(
    ends: str,
    at: int,
    flags: int | None = None,
    action: str = "ACCEPT",
    *,
    point: str = "eni-a",
    protocol: int = 6,
    lasts: int = 50,
    packets: int = 10,
) -> str:
    """A line of FORMAT: packets of 'address:port > address:port' from `at` seconds past 14:00 on."""
    (srcaddr, srcport), (dstaddr, dstport) = (end.rsplit(":", 1) for end in ends.split(" > "))
    told = "-" if flags is None else flags
    return (
        f"{point} {srcaddr} {dstaddr} {srcport} {dstport} {protocol} {packets} {packets * 60}"
        f" {T0 + at} {T0 + at + lasts} {action} {told} OK"
    )


def asked(
    client: int, at: int, *, answer: int | None = 19, point: str = "eni-a", port: int = 5432
) -> list[str]:
    """A connection of 10.0.3.7, from its port, to 10.1.0.9, and what answered."""
    there = flow(f"10.0.3.7:{client} > 10.1.0.9:{port}", at, 3 if answer == 19 else 2, point=point, packets=2)
    back = f"10.1.0.9:{port} > 10.0.3.7:{client}"
    return [there] if answer is None else [there, flow(back, at, answer, point=point, packets=2)]


def rejected(
    client: int, at: int, *, point: str = "eni-a", port: int = 5432, flags: int | None = 2
) -> list[str]:
    return [flow(f"10.0.3.7:{client} > 10.1.0.9:{port}", at, flags, "REJECT", point=point, packets=1)]


# Traffic with others, by which the interfaces are known to have these addresses, and to be logged all the time.
A_KNOWN = [
    line
    for at in range(0, 1200, 60)
    for line in (
        flow(f"10.0.3.7:123 > 10.9.0.{1 + at % 120 // 60}:123", at, 0, protocol=17),
        flow(f"10.9.0.{1 + at % 120 // 60}:123 > 10.0.3.7:123", at, 0, protocol=17),
    )
]
B_KNOWN = [line.replace("eni-a", "eni-b").replace("10.0.3.7", "10.1.0.9") for line in A_KNOWN]
NO_B = "no interface of 10.1.0.9 is in the store: what happened there is not seen"
DAY = "(2023-11-15 UTC)"

SITUATIONS: dict[str, tuple[list[str], str]] = {
    "answered": (
        [*asked(50001, 0), *asked(50002, 300)],
        f"10.0.3.7 reached 10.1.0.9:5432, last at 14:05:50 {DAY}",
    ),
    "a long connection is cut": (
        [
            *asked(50001, 0, answer=18),
            flow("10.0.3.7:50001 > 10.1.0.9:5432", 150, 0),
            flow("10.1.0.9:5432 > 10.0.3.7:50001", 150, 0, lasts=42),
            flow("10.0.3.7:50001 > 10.1.0.9:5432", 300, 0),
            flow("10.1.0.9:5432 > 10.0.3.7:50001", 300, 0, "REJECT"),
        ],
        f"10.0.3.7 reached 10.1.0.9:5432 until 14:03:12, rejected since 14:05 at eni-a, network ACL likely {DAY}",
    ),
    "new connections are rejected": (
        [*asked(50001, 0), *rejected(50002, 300), *rejected(50003, 600)],
        f"10.0.3.7 reached 10.1.0.9:5432 until 14:00:50, rejected since 14:05 at eni-a, by a security group or"
        f" a network ACL {DAY}",
    ),
    "accepted at the sender, rejected at the receiver": (
        [*A_KNOWN, *B_KNOWN, *asked(50001, 300, answer=None), *rejected(50001, 301, point="eni-b")],
        f"10.0.3.7 did not reach 10.1.0.9:5432: rejected since 14:05:01 at eni-b, by a security group or a"
        f" network ACL {DAY}",
    ),
    "the reply is rejected": (
        [
            flow("10.0.3.7:50001 > 10.1.0.9:5432", 60, 2, point="eni-b"),
            flow("10.1.0.9:5432 > 10.0.3.7:50001", 60, 18, "REJECT", point="eni-b"),
        ],
        f"10.0.3.7 did not reach 10.1.0.9:5432: rejected since 14:01 at eni-b, network ACL likely {DAY}",
    ),
    "refused": (
        [*asked(50001, 0, answer=4), *asked(50002, 60, answer=4)],
        f"10.0.3.7 did not reach 10.1.0.9:5432: refused by the host since 14:00 {DAY}",
    ),
    "refused after it was answered": (
        [*asked(50001, 0), *asked(50002, 300, answer=4)],
        f"10.0.3.7 reached 10.1.0.9:5432 until 14:00:50, refused by the host since 14:05 {DAY}",
    ),
    "silent": (
        [*A_KNOWN, *asked(50001, 300, answer=None)],
        f"10.0.3.7 did not reach 10.1.0.9:5432: unanswered since 14:05 {DAY}",
    ),
    "silent after it was answered": (
        [*A_KNOWN, *asked(50001, 0), *asked(50002, 300, answer=None)],
        f"10.0.3.7 reached 10.1.0.9:5432 until 14:00:50, unanswered since 14:05 {DAY}",
    ),
    "mended": (
        [*rejected(50001, 0), *rejected(50002, 60), *asked(50003, 300)],
        f"10.0.3.7 reached 10.1.0.9:5432 since 14:05; before that rejected since 14:00 {DAY}",
    ),
    "now and then": (
        [*A_KNOWN, *asked(50001, 0), *asked(50002, 60, answer=None), *asked(50003, 300)],
        f"10.0.3.7 reached 10.1.0.9:5432 in 2 of 3 attempts, last at 14:05:50 {DAY}",
    ),
    "services that fare differently": (
        [*asked(50001, 0, port=443), *asked(50002, 0), *rejected(50003, 60, port=22)],
        "10.0.3.7 reached 10.1.0.9 on 443, 5432, last at 14:00:50; did not reach 10.1.0.9:22: rejected since"
        f" 14:01 at eni-a, by a security group or a network ACL {DAY}",
    ),
    "only the other way": (
        [flow("10.1.0.9:40000 > 10.0.3.7:22", 0, 3), flow("10.0.3.7:22 > 10.1.0.9:40000", 0, 19)],
        f"10.0.3.7 opened nothing to 10.1.0.9; 10.1.0.9 reached 10.0.3.7:22, last at 14:00:50 {DAY}",
    ),
    "one direction is logged": (
        [flow("10.0.3.7:50001 > 10.1.0.9:5432", 0, 3), flow("10.0.3.7:50002 > 10.1.0.9:5432", 60, 3)],
        f"10.0.3.7 sent to 10.1.0.9:5432, accepted; whether it was answered is not decidable {DAY}",
    ),
    "UDP is answered": (
        [
            flow("10.0.3.7:40000 > 10.1.0.9:53", 0, 0, protocol=17),
            flow("10.1.0.9:53 > 10.0.3.7:40000", 0, 0, protocol=17),
        ],
        f"10.0.3.7 reached 10.1.0.9 by UDP 53, last at 14:00:50 {DAY}",
    ),
    "ping is answered, then the answer rejected": (
        [
            flow("10.0.3.7:0 > 10.1.0.9:0", 0, 0, protocol=1, point="eni-b"),
            flow("10.1.0.9:0 > 10.0.3.7:0", 0, 0, protocol=1, point="eni-b"),
            flow("10.0.3.7:0 > 10.1.0.9:0", 300, 0, protocol=1, point="eni-b"),
            flow("10.1.0.9:0 > 10.0.3.7:0", 300, 0, "REJECT", protocol=1, point="eni-b"),
        ],
        f"10.0.3.7 reached 10.1.0.9 by ICMP until 14:00:50, rejected since 14:05 at eni-b, network ACL possible {DAY}",
    ),
    "on two days": (
        [*asked(50001, 0), *asked(50002, 86_400)],
        "10.0.3.7 reached 10.1.0.9:5432, last at 2023-11-16 14:00:50 (UTC)",
    ),
    "nothing": (
        A_KNOWN,
        "nothing was seen between 10.0.3.7 and 10.1.0.9: eni-a of 10.0.3.7 was logged all the time; no interface of"
        " 10.1.0.9 is in the store",
    ),
    "nothing, with a hole": (
        [*A_KNOWN[:10], *A_KNOWN[30:], *B_KNOWN],
        "nothing was seen between 10.0.3.7 and 10.1.0.9: eni-a of 10.0.3.7 was logged in 10 of 20 slots only, so"
        " something may be missing; eni-b of 10.1.0.9 was logged all the time",
    ),
}  # fmt: skip


def store_of(workspace: Workspace, folder: Path, lines: list[str], log_format: str = FORMAT) -> Workspace:
    log = folder / "a.log"
    log.write_text("\n".join(lines) + "\n")
    report = workspace.load([log], log_format=log_format)
    assert report.rejects == 0
    return workspace


@pytest.mark.parametrize("name", SITUATIONS)
def test_situations(workspace: Workspace, tmp_path: Path, name: str) -> None:
    lines, sentence = SITUATIONS[name]
    assert store_of(workspace, tmp_path, lines).between("10.0.3.7", "10.1.0.9").verdict == sentence


def without_flags(line: str) -> str:
    words = line.split()
    return " ".join([*words[:11], *words[12:]])


# Where flags tell what ports cannot: a refusal, who opened, whether packets without an answer were an opening.
_BY_FLAGS = {"refused", "refused after it was answered", "one direction is logged"}


@pytest.mark.parametrize("name", sorted(SITUATIONS.keys() - _BY_FLAGS))
def test_the_same_without_flags(workspace: Workspace, tmp_path: Path, name: str) -> None:
    lines, sentence = SITUATIONS[name]
    store = store_of(workspace, tmp_path, list(map(without_flags, lines)), WITHOUT_FLAGS)
    found = store.between("10.0.3.7", "10.1.0.9")
    assert found.verdict == sentence
    assert bool(found.result.read_all().num_rows) == any("no TCP flags" in note for note in found.notes)


TWO_ENDS = [*A_KNOWN, *B_KNOWN, *asked(50001, 300), *asked(50001, 300, point="eni-b"), *rejected(50002, 700)]
SENTENCE = (
    "reached {} until 14:05:50, rejected since 14:11:40 at eni-a, by a security group or a network ACL " + DAY
)


@pytest.mark.parametrize(
    ("a", "b", "port", "told"),
    [
        ("10.0.3.7", "10.1.0.9", 5432, "10.0.3.7 " + SENTENCE.format("10.1.0.9:5432")),
        ("10.0.0.0/16", "10.1.0.0/16", None, "10.0.0.0/16 " + SENTENCE.format("10.1.0.0/16:5432")),
        ("10.0.0.0/8", "10.1.0.9", "5432", "10.0.0.0/8 " + SENTENCE.format("10.1.0.9:5432")),
        ("eni-a", "eni-b", None, "eni-a " + SENTENCE.format("eni-b:5432")),
        ("10.1.0.9", "10.0.3.7", 5432, "10.1.0.9 opened nothing to 10.0.3.7; 10.0.3.7 " + SENTENCE.format("10.1.0.9:5432")),
        ("10.0.3.7", "10.1.0.9", 443, "nothing was seen between 10.0.3.7 and 10.1.0.9:443: eni-a of 10.0.3.7 was logged all the time; eni-b of 10.1.0.9 was logged all the time"),
    ],
)  # fmt: skip
def test_ends(workspace: Workspace, tmp_path: Path, a: str, b: str, port: int | None, told: str) -> None:
    assert store_of(workspace, tmp_path, TWO_ENDS).between(a, b, port).verdict == told


def test_an_instance_is_its_interfaces(workspace: Workspace, tmp_path: Path) -> None:
    lines = [f"{line} {'i-a' if line.startswith('eni-a') else 'i-b'}" for line in TWO_ENDS]
    store = store_of(workspace, tmp_path, lines, f"{FORMAT} instance-id")
    assert store.between("i-a", "i-b").verdict == "i-a " + SENTENCE.format("i-b:5432")


@pytest.mark.parametrize(
    ("a", "b", "port", "error", "said"),
    [
        ("10.0.3", "10.1.0.9", None, UsageError, "no address, CIDR block, interface or instance id"),
        ("10.0.3.7", "10.0.3.7/32", None, UsageError, "both ends are the same"),
        ("10.0.3.7", "10.1.0.9", "ssh", UsageError, "'ssh' is no port"),
        ("eni-x", "10.1.0.9", None, QueryError, "eni-x: the store does not tell what addresses it has"),
    ],
)
def test_ends_that_are_none(
    workspace: Workspace, tmp_path: Path, a: str, b: str, port: str | None, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        store_of(workspace, tmp_path, TWO_ENDS).between(a, b, port)


NOTHING: dict[str, object] = {
    "opener": "10.0.3.7",
    **dict.fromkeys(
        (
            "attempts",
            "answered",
            "refused_by_host",
            "rejected",
            "silent",
            "not_decidable",
            "rejected_records",
        ),
        0,
    ),
    "bytes_to_server": None,
    "bytes_to_client": None,
}


def test_an_attempt_seen_at_both_ends_is_one(workspace: Workspace, tmp_path: Path) -> None:
    found = store_of(workspace, tmp_path, TWO_ENDS).between("10.0.3.7", "10.1.0.9", bin="10m")
    assert found.result.read_all().drop_columns(["bin_time"]).to_pylist() == [
        {**NOTHING, "attempts": 1, "answered": 1, "bytes_to_server": 120, "bytes_to_client": 120, "seen_at": "eni-a eni-b"},
        {**NOTHING, "attempts": 1, "rejected": 1, "rejected_records": 1, "seen_at": "eni-a"},
    ]  # fmt: skip


def test_a_window(workspace: Workspace, tmp_path: Path) -> None:
    store = store_of(workspace, tmp_path, TWO_ENDS)
    before = store.between("10.0.3.7", "10.1.0.9", until="2023-11-15T14:10Z")
    assert before.verdict == f"10.0.3.7 reached 10.1.0.9:5432, last at 14:05:50 {DAY}"
    berlin = store.between("10.0.3.7", "10.1.0.9", since="2023-11-15T15:10", tz="Europe/Berlin")
    assert berlin.verdict.startswith("10.0.3.7 did not reach 10.1.0.9:5432: rejected since 15:11:40 at eni-a")
    assert berlin.result.trust is not None
    assert "between 10.0.3.7 and 10.1.0.9" in berlin.result.trust.window

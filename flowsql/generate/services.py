"""What connections to a service look like: packets, bytes and flags, minute by minute, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import NamedTuple, TypeAlias

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
# So many different profiles exist for a service and outcome. Fewer would look copied; with more, the
# files would not compress as well as real ones do.
PROFILES = 3_000
_MOST_MINUTES = 12
_MTU_PAYLOAD = 1448
_MOST_PAYLOAD = 200_000_000
# IP header plus TCP header with timestamps, UDP header, ICMP echo header: bytes before any payload.
_IPV4_HEADERS = {TCP: 52, UDP: 28, ICMP: 28}
_IPV6_HEADERS = {TCP: 72, UDP: 48, ICMPV6: 48}
_SYN_BYTES = (40, 44, 48, 52, 60)


class Outcome(Enum):
    """How a connection ends; BLOCKED is rejected on the way in, REPLY_BLOCKED on the way back."""

    ANSWERED = "answered"
    REFUSED = "refused"
    SILENT = "silent"
    BLOCKED = "blocked"
    REPLY_BLOCKED = "reply blocked"

    @property
    def has_reply(self) -> bool:
        """Whether the server sends anything back."""
        return self in (Outcome.ANSWERED, Outcome.REFUSED, Outcome.REPLY_BLOCKED)


@dataclass(frozen=True, slots=True)
class Service:
    """A protocol and port; payloads are medians in bytes.

    `opener_port` is None where the opener takes an ephemeral port; `long_share` is the share of
    connections that last several minutes.
    """

    name: str
    protocol: int
    port: int
    request: int = 0
    response: int = 0
    long_share: float = 0.0
    opener_port: int | None = None


class Stage(NamedTuple):
    """One minute of a connection: packets, bytes and tcp_flags from the opener and from the server."""

    sent_packets: int
    sent_bytes: int
    sent_flags: int
    reply_packets: int
    reply_bytes: int
    reply_flags: int


Profile: TypeAlias = tuple[Stage, ...]


def profiles_of(service: Service, outcome: Outcome, ipv6: bool, rng: Random) -> list[Profile]:
    """PROFILES ways in which a connection to the service can go; without a reply, its packets are 0."""
    if outcome is not Outcome.ANSWERED:
        return [(_failed(service, outcome, ipv6, rng),) for _ in range(PROFILES)]
    return [_answered(service, ipv6, rng) for _ in range(PROFILES)]


def _answered(service: Service, ipv6: bool, rng: Random) -> Profile:
    minutes = rng.randint(2, _MOST_MINUTES) if rng.random() < service.long_share else 1
    flags = _flags(service.protocol, minutes, rng)
    return tuple(_stage(service, ipv6, sent, replied, rng) for sent, replied in flags)


def _flags(protocol: int, minutes: int, rng: Random) -> list[tuple[int, int]]:
    """tcp_flags of opener and server for each minute: AWS ORs those of one interval, 18 is SYN-ACK."""
    if protocol != TCP:
        return [(0, 0)] * minutes
    if minutes == 1:
        # Closed by both, cut off by the opener after closing or before, cut off by the server.
        ways = [(3, 19), (7, 19), (6, 18), (3, 23), (2, 22)]
        return rng.choices(ways, [88, 4, 3, 3, 2])
    last = rng.choices([(1, 1), (4, 0), (1, 5)], [90, 6, 4])
    return [(2, 18), *[(0, 0)] * (minutes - 2), *last]


def _stage(service: Service, ipv6: bool, sent_flags: int, reply_flags: int, rng: Random) -> Stage:
    headers = (_IPV6_HEADERS if ipv6 else _IPV4_HEADERS)[service.protocol]
    request, response = _payload(service.request, rng), _payload(service.response, rng)
    sent, replied = _packets_for(request), _packets_for(response)
    if service.protocol == TCP:
        # Three packets to open and close, and an acknowledgement for every other packet of the other side.
        sent, replied = sent + replied // 2 + 3, replied + sent // 2 + 2
    return Stage(
        sent, request + sent * headers, sent_flags, replied, response + replied * headers, reply_flags
    )


def _payload(median: int, rng: Random) -> int:
    # Small fixed answers (DNS, NTP, ping) hardly vary, transfers vary over orders of magnitude.
    spread = 0.05 if median < 200 else 1.2
    return min(int(median * rng.lognormvariate(0, spread)), _MOST_PAYLOAD)


def _packets_for(payload: int) -> int:
    return max(1, -(-payload // _MTU_PAYLOAD))


def _failed(service: Service, outcome: Outcome, ipv6: bool, rng: Random) -> Stage:
    """The only minute of openings that came to nothing; an answer is RST, or a SYN-ACK that got lost."""
    # Scanners try once, hosts that expect an answer repeat.
    tries = rng.choice((1, 1, 1, 2, 3)) if outcome is Outcome.BLOCKED else rng.randint(1, 4)
    headers = 20 if ipv6 else 0
    if service.protocol != TCP:
        size = (_IPV6_HEADERS if ipv6 else _IPV4_HEADERS)[service.protocol] + service.request
        return Stage(tries, tries * size, 0, tries, tries * size, 0)
    size = rng.choice(_SYN_BYTES) + headers
    answer, flags = (40 + headers, 4) if outcome is Outcome.REFUSED else (60 + headers, 18)
    return Stage(tries, tries * size, 2, tries, tries * answer, flags)

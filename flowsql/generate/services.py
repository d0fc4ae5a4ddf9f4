"""What connections to a service look like: packets, bytes and flags, interval by interval, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import NamedTuple, TypeAlias

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK, SYN_ACK = 1, 2, 4, 8, 16, 18
# So many different profiles exist for a service and life. Fewer would look copied; with more, the
# files would not compress as well as real ones do.
PROFILES = 3_000
_FAILED_PROFILES = 300  # openings that come to nothing have few ways to do so
IDLE_TIMEOUT_S = 350  # of tracked TCP connections on current instance types
_MOST_INTERVALS = 12
_MTU_PAYLOAD = 1448
_MOST_PAYLOAD = 200_000_000
# IP header plus TCP header with timestamps, UDP header, ICMP echo header: bytes before any payload.
_IPV4_HEADERS = {TCP: 52, UDP: 28, ICMP: 28}
_IPV6_HEADERS = {TCP: 72, UDP: 48, ICMPV6: 48}
_SYN_BYTES = (40, 44, 48, 52, 60)


class Life(Enum):
    """How a connection goes, once the filters and the host at the other end have had their say.

    PROBED: answered, and torn down at once by the one who only wanted to know. LATE and EXPIRED: the server
    sends something more, after the close or after a silence beyond the idle time-out. FLOODED: only answers
    to openings that somebody else sent in our name. RETRIED: openings without answer for two minutes.
    """

    ANSWERED = "answered"
    PROBED = "probed"
    LATE = "late"
    EXPIRED = "expired"
    REFUSED = "refused"
    TRIED = "tried"
    RETRIED = "retried"
    UNHEARD = "unheard"
    FLOODED = "flooded"


@dataclass(frozen=True, slots=True)
class Service:
    """A protocol and port; payloads are medians in bytes.

    `opener_port` is None where the opener takes an ephemeral port; `long_share` is the share of
    connections that last several intervals; `exact` payloads are alike to the byte.
    """

    name: str
    protocol: int
    port: int
    request: int = 0
    response: int = 0
    long_share: float = 0.0
    opener_port: int | None = None
    exact: bool = False


class Stage(NamedTuple):
    """One interval of a connection: packets, bytes and tcp_flags from the opener and from the server.

    In a `stray` stage the packets belong to no tracked connection any more: the filters judge them anew.
    """

    sent_packets: int
    sent_bytes: int
    sent_flags: int
    reply_packets: int
    reply_bytes: int
    reply_flags: int
    stray: bool = False


class Profile(NamedTuple):
    """The stages of a connection, by interval: mostly one, none in a silent interval, two if one is stray.

    `closed` says that a FIN or RST ends it.
    """

    intervals: tuple[tuple[Stage, ...], ...]
    closed: bool


class Shape(NamedTuple):
    """All on which the look of a connection depends."""

    service: Service
    life: Life
    ipv6: bool
    interval_s: int
    # Late packets may share the interval of the close only where their accepted leg does not double another.
    late_at_once: bool = False
    acknowledged: bool = False  # transit gateways record ACK and PSH, too


Window: TypeAlias = tuple[Stage, ...]


def profiles_of(shape: Shape, rng: Random, most: int = PROFILES) -> list[Profile]:
    """Ways in which a connection of this shape can go, `most` of them at most."""
    make = _MAKERS[shape.life]
    count = PROFILES if shape.life in (Life.ANSWERED, Life.LATE, Life.EXPIRED) else _FAILED_PROFILES
    count = min(count, most)
    profiles = [make(shape, rng) for _ in range(count)]
    return [_acknowledged(profile) for profile in profiles] if shape.acknowledged else profiles


def _answered(shape: Shape, rng: Random) -> Profile:
    service = shape.service
    intervals = rng.randint(2, _MOST_INTERVALS) if rng.random() < service.long_share else 1
    flags = _flags(service.protocol, intervals, rng)
    closed = service.protocol == TCP
    return Profile(tuple((_stage(shape, sent, replied, rng),) for sent, replied in flags), closed)


def _flags(protocol: int, intervals: int, rng: Random) -> list[tuple[int, int]]:
    """tcp_flags of opener and server for each interval: AWS ORs those of one interval, 18 is SYN-ACK."""
    if protocol != TCP:
        return [(0, 0)] * intervals
    if intervals == 1:
        # Closed by both, cut off by the opener after closing or before, cut off by the server.
        ways = [(3, 19), (7, 19), (6, 18), (3, 23), (2, 22)]
        return rng.choices(ways, [88, 4, 3, 3, 2])
    last = rng.choices([(1, 1), (4, 0), (1, 5)], [90, 6, 4])
    return [(2, 18), *[(0, 0)] * (intervals - 2), *last]


def _stage(shape: Shape, sent_flags: int, reply_flags: int, rng: Random) -> Stage:
    service = shape.service
    headers = _headers(shape)
    request, response = _payload(service, service.request, rng), _payload(service, service.response, rng)
    sent, replied = _packets_for(request), _packets_for(response)
    if service.protocol == TCP:
        # Three packets to open and close, and an acknowledgement for every other packet of the other side.
        sent, replied = sent + replied // 2 + 3, replied + sent // 2 + 2
    return Stage(
        sent, request + sent * headers, sent_flags, replied, response + replied * headers, reply_flags
    )


def _headers(shape: Shape) -> int:
    return (_IPV6_HEADERS if shape.ipv6 else _IPV4_HEADERS)[shape.service.protocol]


def _payload(service: Service, median: int, rng: Random) -> int:
    # Small fixed answers (DNS, NTP, ping) hardly vary, transfers vary over orders of magnitude.
    spread = 0 if service.exact else 0.05 if median < 200 else 1.2
    return min(int(median * rng.lognormvariate(0, spread)), _MOST_PAYLOAD)


def _packets_for(payload: int) -> int:
    return max(1, -(-payload // _MTU_PAYLOAD))


def _probed(shape: Shape, rng: Random) -> Profile:
    """SYN, SYN-ACK, RST: all that a scanner needs of an open port."""
    size = rng.choice(_SYN_BYTES)
    return Profile(((Stage(2, 2 * size, SYN | RST, 1, 44, SYN_ACK),),), closed=True)


def _late(shape: Shape, rng: Random) -> Profile:
    """A short connection, and a last segment of the server that comes after the close."""
    (window,), _ = _answered(shape._replace(service=_short(shape.service)), rng)
    stray = _stray(shape, rng, rng.choice((0, FIN, RST)))
    return Profile(((*window, stray),) if shape.late_at_once else (window, (stray,)), closed=True)


def _expired(shape: Shape, rng: Random) -> Profile:
    """A connection that stays open and silent, until the server speaks after the idle time-out."""
    first = _stage(shape, SYN, SYN_ACK, rng)
    silent = IDLE_TIMEOUT_S // shape.interval_s + 1
    return Profile(((first,), *[()] * silent, (_stray(shape, rng, 0),)), closed=False)


def _stray(shape: Shape, rng: Random, flags: int) -> Stage:
    packets = rng.randint(1, 3)
    return Stage(0, 0, 0, packets, packets * (_headers(shape) + (0 if flags else 31)), flags, stray=True)


def _short(service: Service) -> Service:
    return Service(service.name, service.protocol, service.port, service.request, service.response)


def _tried(shape: Shape, rng: Random, *, reply: int | None = None) -> Profile:
    """Openings that came to nothing; an answer is a reset, or a SYN-ACK that got lost."""
    # Scanners try once, hosts that expect an answer repeat.
    tries = rng.choice((1, 1, 1, 2, 3))
    service, headers = shape.service, 20 if shape.ipv6 else 0
    replies = 0 if reply is None else tries
    if service.protocol != TCP:
        size = _headers(shape) + service.request
        return Profile(((Stage(tries, tries * size, 0, replies, replies * size, 0),),), closed=False)
    size = rng.choice(_SYN_BYTES) + headers
    answer = (40 if reply == RST else 60) + headers
    stage = Stage(tries, tries * size, SYN, replies, replies * answer, reply or 0)
    return Profile(((stage,),), closed=reply == RST)


def _refused(shape: Shape, rng: Random) -> Profile:
    return _tried(shape, rng, reply=RST)


def _unheard(shape: Shape, rng: Random) -> Profile:
    return _tried(shape, rng, reply=SYN_ACK)


def _retried(shape: Shape, rng: Random) -> Profile:
    """Linux repeats an opening after 1, 3, 7, 15, 31 and 63 seconds, and gives up after 127."""
    size = rng.choice(_SYN_BYTES) + (20 if shape.ipv6 else 0)

    def syns(count: int) -> Window:
        return (Stage(count, count * size, SYN, 0, 0, 0),)

    intervals = (syns(6), syns(1)) if shape.interval_s <= 60 else (syns(7),)
    return Profile(intervals, closed=False)


def _flooded(shape: Shape, rng: Random) -> Profile:
    packets = rng.choice((1, 1, 2, 5))
    flags = rng.choice((SYN_ACK, SYN_ACK, RST))
    return Profile(((Stage(0, 0, 0, packets, packets * 44, flags),),), closed=flags == RST)


def _acknowledged(profile: Profile) -> Profile:
    """The same with the flags that a transit gateway records: ACK and PSH; ACK alone counts as nothing."""

    def flags(packets: int, seen: int) -> int:
        return seen | PSH | ACK if packets > 3 else seen

    intervals = tuple(
        tuple(
            s._replace(
                sent_flags=flags(s.sent_packets, s.sent_flags),
                reply_flags=flags(s.reply_packets, s.reply_flags),
            )
            for s in window
        )
        for window in profile.intervals
    )
    return Profile(intervals, profile.closed)


_MAKERS = {
    Life.ANSWERED: _answered,
    Life.PROBED: _probed,
    Life.LATE: _late,
    Life.EXPIRED: _expired,
    Life.REFUSED: _refused,
    Life.TRIED: _tried,
    Life.RETRIED: _retried,
    Life.UNHEARD: _unheard,
    Life.FLOODED: _flooded,
}

"""AWS's documented examples, run through what turns connections into records.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from flowsql.generate.filters import AclEntry, Cidr, GroupRule, NetworkAcl, SecurityGroup
from flowsql.generate.paths import End, Hop, passed, reply_hops, request_hops
from flowsql.generate.roles import Role
from flowsql.generate.services import (
    ICMP,
    PROFILES,
    Life,
    Profile,
    Service,
    Shape,
    profiles_of,
)
from flowsql.generate.topology import Host, Interface, Network, Remote, Subnet, Vpc, build_network

NETWORK = build_network(Random(5))


def end(name: str, number: int = 0) -> End:
    host = NETWORK.hosts[name][number]
    return End(host, host.address(False))


def shown(hops: Sequence[Hop], *known: End) -> list[tuple[str, ...]]:
    """Direction, interface, srcaddr, dstaddr, pkt-srcaddr and pkt-dstaddr of each hop, by the hosts' names."""
    names = {e.address: f"{e.host.role.name if isinstance(e.host, Interface) else 'remote'}" for e in known}
    names |= {i.ipv4: i.role.name for i in NETWORK.interfaces if i.vpc.name != "staging"}
    rows = []
    for hop in hops:
        addresses = (hop.srcaddr, hop.dstaddr, hop.src.address, hop.dst.address)
        rows.append(
            ("egress" if hop.egress else "ingress", hop.interface.role.name, *(names[a] for a in addresses))
        )
    return rows


def test_nat_gateway_shows_four_rows_for_an_exchange() -> None:
    host, remote = end("app"), end("apis")
    there, back = (hops(NETWORK, host, remote) for hops in (request_hops, reply_hops))
    assert shown(there, remote) == [
        ("egress", "app", "app", "remote", "app", "remote"),
        ("ingress", "nat", "app", "nat", "app", "remote"),
        ("egress", "nat", "nat", "remote", "nat", "remote"),
    ]
    assert shown(back, remote) == [
        ("ingress", "nat", "remote", "nat", "remote", "nat"),
        ("egress", "nat", "nat", "app", "remote", "app"),
        ("ingress", "app", "remote", "app", "remote", "app"),
    ]
    assert [hop.translated for hop in (*there, *back)] == [False, False, True, True, False, False]


def test_transit_gateway_interfaces_show_their_own_address_and_one_side_each() -> None:
    """The request comes from the interface in the client's zone, the reply goes to that in the server's."""
    client, server = end("app"), end("mysql", 1)
    assert isinstance(client.host, Interface)
    assert isinstance(server.host, Interface)
    assert client.host.subnet.az_id != server.host.subnet.az_id
    there, back = (hops(NETWORK, client, server) for hops in (request_hops, reply_hops))
    assert shown(there) == [
        ("egress", "app", "app", "mysql", "app", "mysql"),
        ("ingress", "prod-transit", "app", "prod-transit", "app", "mysql"),
        ("egress", "data-transit", "data-transit", "mysql", "app", "mysql"),
        ("ingress", "mysql", "app", "mysql", "app", "mysql"),
    ]
    assert shown(back)[1:3] == [
        ("ingress", "data-transit", "mysql", "data-transit", "mysql", "app"),
        ("egress", "prod-transit", "prod-transit", "app", "mysql", "app"),
    ]
    assert [hop.interface.subnet.az_id for hop in (there[2], back[1])] == [
        client.host.subnet.az_id,
        server.host.subnet.az_id,
    ]


def test_secondary_addresses_show_as_the_primary_one() -> None:
    node = NETWORK.hosts["node"][0]
    assert isinstance(node, Interface)
    pod, peer = End(node, node.secondary[2]), end("postgres")
    out, into = request_hops(NETWORK, pod, peer)[0], reply_hops(NETWORK, pod, peer)[-1]
    assert (out.srcaddr, out.src.address) == (node.ipv4, node.secondary[2])
    assert (into.dstaddr, into.dst.address) == (node.ipv4, node.secondary[2])


@pytest.mark.parametrize(
    ("opener", "server", "paths"),
    [
        ("web", "apis", [8]),
        ("app", "buckets", [7]),
        ("app", "postgres", [1, None]),
        ("app", "partner", [4, None]),
        ("app", "apis", [1, None, 8]),
        ("app", "nobody", [1]),
        ("batch", "no route", [None, None]),
        ("clients", "web", [None]),
    ],
)
def test_traffic_path_is_that_of_the_route(opener: str, server: str, paths: list[int | None]) -> None:
    hops = request_hops(NETWORK, end(opener), end(server))
    assert [hop.path for hop in hops] == paths


ANYWHERE = Cidr.of("0.0.0.0/0")


def ping(*, group_lets_in: bool, acl_lets_in: bool = True, acl_lets_out: bool) -> list[tuple[str, str]]:
    """Direction and action of the records of a ping from the internet to one instance."""
    vpc = Vpc(0, "tiny", 31, "vpc-1", "2600:1f18:1:1", "tgw-1", None, logged=True)
    entries = [
        AclEntry(100, egress, True, ICMP, ANYWHERE)
        for egress, lets in ((False, acl_lets_in), (True, acl_lets_out))
        if lets
    ]
    subnet = Subnet(16, "subnet-1", vpc, "public", "use1-az1", NetworkAcl("acl-1", "vpc-1", "tiny", entries))
    group = SecurityGroup("sg-1", "tiny", "vpc-1")
    if group_lets_in:
        group.inbound.append(GroupRule(ICMP, -1, -1, ANYWHERE))
    instance = Interface(
        0, "eni-1", Role("tiny", 1, "public"), subnet, (group,), "172.31.16.139", "2600::1", (), "3.0.0.1",
        "i-1", None, None, None,
    )  # fmt: skip
    home = Remote("203.0.113.12", "2601::1", None, lost=False, vacant=False, named=False)
    network = Network([vpc], interfaces=[instance])
    ends = End(home, home.ipv4), End(instance, instance.ipv4)

    def actions(hops: Sequence[Hop], tracked: bool) -> tuple[list[tuple[str, str]], bool]:
        gone, refusal = passed(hops, ICMP, 0, tracked=tracked)
        rows = [("egress" if hop.egress else "ingress", "ACCEPT") for hop in gone]
        return ([*rows[:-1], (rows[-1][0], "REJECT")] if refusal else rows), refusal is None

    there, arrived = actions(request_hops(network, *ends), False)
    return there + (actions(reply_hops(network, *ends), True)[0] if arrived else [])


def test_ping_let_in_and_out() -> None:
    assert ping(group_lets_in=True, acl_lets_out=True) == [("ingress", "ACCEPT"), ("egress", "ACCEPT")]


def test_ping_whose_reply_the_network_acl_refuses() -> None:
    assert ping(group_lets_in=True, acl_lets_out=False) == [("ingress", "ACCEPT"), ("egress", "REJECT")]


@pytest.mark.parametrize("acl_lets_in", [True, False])
def test_ping_that_is_refused_leaves_one_record(acl_lets_in: bool) -> None:
    rows = ping(group_lets_in=not acl_lets_in, acl_lets_in=acl_lets_in, acl_lets_out=True)
    assert rows == [("ingress", "REJECT")]


def flags_of(life: Life, interval_s: int = 60, **of_service: float) -> set[tuple[tuple[int, int], ...]]:
    """The sequences of sent and replied flags, by interval, that connections of this life show."""
    service = Service("any", 6, 5001, request=500, response=900, **of_service)  # type: ignore[arg-type]
    profiles: list[Profile] = profiles_of(Shape(service, life, False, interval_s), Random(1))
    assert len(profiles) in (300, PROFILES)
    return {
        tuple((stage.sent_flags, stage.reply_flags) for window in profile.intervals for stage in window)
        for profile in profiles
    }


def test_flags_of_short_connections_are_ored() -> None:
    """SYN and FIN in one interval are 3, answered by 19; resets in the same interval make 6, 7, 22, 23."""
    assert flags_of(Life.ANSWERED) == {((3, 19),), ((7, 19),), ((6, 18),), ((3, 23),), ((2, 22),)}


def test_flags_of_long_connections_appear_in_their_intervals() -> None:
    seen = flags_of(Life.ANSWERED, long_share=1)
    assert {flags[0] for flags in seen} == {(2, 18)}
    assert {between for flags in seen for between in flags[1:-1]} == {(0, 0)}
    assert {flags[-1] for flags in seen} == {(1, 1), (4, 0), (1, 5)}


@pytest.mark.parametrize(
    ("life", "interval_s", "flags"),
    [
        (Life.REFUSED, 60, {((2, 4),)}),
        (Life.TRIED, 60, {((2, 0),)}),
        (Life.RETRIED, 60, {((2, 0), (2, 0))}),
        (Life.RETRIED, 600, {((2, 0),)}),
        (Life.UNHEARD, 60, {((2, 18),)}),
        (Life.PROBED, 60, {((6, 18),)}),
        (Life.FLOODED, 60, {((0, 18),), ((0, 4),)}),
        (Life.EXPIRED, 60, {((2, 18), (0, 0))}),
    ],
    ids=str,
)
def test_flags_of_other_lives(life: Life, interval_s: int, flags: set[tuple[tuple[int, int], ...]]) -> None:
    assert flags_of(life, interval_s) == flags


@pytest.mark.parametrize("interval_s", [60, 600])
def test_expired_packets_come_after_the_idle_time_out(interval_s: int) -> None:
    service = Service("any", 6, 443, request=500, response=900)
    for profile in profiles_of(Shape(service, Life.EXPIRED, False, interval_s), Random(1))[:20]:
        first, *silent, last = profile.intervals
        assert not any(silent)
        assert len(silent) * interval_s >= 350
        assert not first[0].stray
        assert last[0].stray


def test_hosts_have_all_their_addresses_apart() -> None:
    for seed in (1, 2, 3):
        network = build_network(Random(seed))
        addresses = [(i.vpc.vpc_id, a) for i in network.interfaces for a in (i.ipv4, i.ipv6, *i.secondary)]
        assert len(set(addresses)) == len(addresses)
        ids = [i.interface_id for i in network.interfaces]
        assert len(set(ids)) == len(ids)
        nobody: Sequence[Host] = network.hosts["nobody"]
        assert not {host.address(False) for host in nobody} & {a for _, a in addresses}


def test_acl_entries_are_tried_in_the_order_of_their_numbers() -> None:
    for acl in NETWORK.acls:
        for egress in (False, True):
            numbers = [entry.number for entry in acl.entries if entry.egress is egress]
            assert numbers == sorted(set(numbers))

"""The kinds of traffic in the made-up network, as a table: who, to whom, which service, how often."""

from __future__ import annotations

from dataclasses import dataclass

from flowsql.generate.services import ICMP, ICMPV6, TCP, UDP, Outcome, Service

HTTPS = Service("https", TCP, 443, request=900, response=9_000, long_share=0.04)
HTTP = Service("http", TCP, 80, request=400, response=2_000)
APP = Service("app", TCP, 8080, request=700, response=3_000, long_share=0.05)
POSTGRES = Service("postgres", TCP, 5432, request=1_500, response=20_000, long_share=0.3)
MYSQL = Service("mysql", TCP, 3306, request=1_000, response=60_000, long_share=0.3)
REDIS = Service("redis", TCP, 6379, request=300, response=900, long_share=0.2)
SSH = Service("ssh", TCP, 22, request=4_000, response=9_000, long_share=0.7)
S3 = Service("s3", TCP, 443, request=90_000, response=2_500)
DNS = Service("dns", UDP, 53, request=45, response=110)
NTP = Service("ntp", UDP, 123, request=48, response=48, opener_port=123)
PING = Service("ping", ICMP, 0, request=56, response=56, opener_port=0)
PING6 = Service("ping", ICMPV6, 0, request=56, response=56, opener_port=0)
# What internet scanners look for: telnet, SSH, SMB, RDP, Docker, Redis, the web and its second ports, SIP.
SCANNED = tuple(Service("scan", TCP, port) for port in (23, 22, 445, 3389, 2375, 6379, 8443, 8080, 5900, 25))
SCANNED_UDP = (Service("scan", UDP, 5060, request=400), Service("scan", UDP, 1900, request=90))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of traffic between roles and pools; `share` weighs its connections against those of other kinds.

    A kind without share is kept up by machines: each of its relations speaks once a minute.
    """

    openers: tuple[str, ...]
    servers: tuple[str, ...]
    services: tuple[Service, ...]
    share: float
    relations: int
    outcome: Outcome = Outcome.ANSWERED
    ipv6: bool = False


_SERVERS = ("app", "task", "batch")
KINDS: tuple[Kind, ...] = (
    Kind(("clients", "cloud clients"), ("web",), (HTTPS,), 22, 14_000),
    Kind(("clients", "cloud clients"), ("web",), (HTTP,), 6, 3_000),
    Kind(("clients",), ("web",), (HTTPS,), 3.5, 1_500, ipv6=True),
    Kind(("web",), ("app", "task"), (APP,), 8, 60),
    Kind(("app", "task"), ("postgres",), (POSTGRES,), 4, 30),
    Kind(("app",), ("postgres",), (POSTGRES,), 0.4, 8, ipv6=True),
    Kind(("app", "web"), ("cache",), (REDIS,), 3, 20),
    Kind(("app", "batch"), ("mysql",), (MYSQL,), 1.5, 15),
    Kind(("web", "app", "task"), ("resolver",), (DNS,), 6, 30),
    Kind(("resolver",), ("name servers",), (DNS,), 3, 20),
    Kind(_SERVERS, ("apis",), (HTTPS,), 5, 120),
    Kind(_SERVERS, ("buckets",), (S3,), 3, 40),
    Kind(_SERVERS, ("endpoint",), (HTTPS,), 2, 20),
    Kind(("admins",), ("bastion",), (SSH,), 0.4, 4),
    Kind(("bastion",), ("app", "web", "batch"), (SSH,), 0.4, 12),
    Kind(_SERVERS, ("dead hosts",), (HTTPS,), 0.8, 8, Outcome.SILENT),
    Kind(("web",), ("app", "cache"), (HTTP,), 0.8, 6, Outcome.REFUSED),
    Kind(("clients",), ("web",), (Service("alt", TCP, 9443),), 0.5, 20, Outcome.REPLY_BLOCKED),
    Kind(("web", "batch"), ("postgres",), (POSTGRES, SSH, REDIS), 4, 20, Outcome.BLOCKED),
    Kind(("scanners", "cloud clients"), ("web", "bastion"), SCANNED, 42, 12_000, Outcome.BLOCKED),
    Kind(("scanners",), ("web", "bastion"), SCANNED_UDP, 2, 150, Outcome.BLOCKED),
    Kind(("scanners",), ("web",), SCANNED, 0.8, 60, Outcome.BLOCKED, ipv6=True),
    Kind(("web", "app", "postgres", "mysql"), ("time servers",), (NTP,), 0, 21),
    Kind(("monitor",), ("web", "app", "postgres", "cache"), (PING,), 0, 20),
    Kind(("monitor",), ("web", "app"), (PING6,), 0, 4, ipv6=True),
)

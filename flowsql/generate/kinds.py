"""The kinds of traffic in the made-up network, as a table: who, to whom, which service, how often."""

from __future__ import annotations

from dataclasses import dataclass

from flowsql.generate.services import ICMP, ICMPV6, TCP, UDP, Life, Service

HTTPS = Service("https", TCP, 443, request=900, response=9_000, long_share=0.04)
HTTP = Service("http", TCP, 80, request=400, response=2_000)
APP = Service("app", TCP, 8080, request=700, response=3_000, long_share=0.05)
POSTGRES = Service("postgres", TCP, 5432, request=1_500, response=20_000, long_share=0.3)
MYSQL = Service("mysql", TCP, 3306, request=1_000, response=60_000, long_share=0.3)
REDIS = Service("redis", TCP, 6379, request=300, response=900, long_share=0.2)
SSH = Service("ssh", TCP, 22, request=4_000, response=9_000, long_share=0.7)
S3 = Service("s3", TCP, 443, request=90_000, response=2_500)
# These stand above the ephemeral ports of their clients: the lower port is not always the server.
BROKER = Service("broker", TCP, 61616, request=600, response=600, long_share=0.3)
METRICS = Service("metrics", TCP, 61208, request=300, response=4_000)
DISPATCH = Service("dispatch", TCP, 65200, request=800, response=1_200)
DNS = Service("dns", UDP, 53, request=45, response=110)
NTP = Service("ntp", UDP, 123, request=48, response=48, opener_port=123)
PING = Service("ping", ICMP, 0, request=56, response=56, opener_port=0)
PING6 = Service("ping", ICMPV6, 0, request=56, response=56, opener_port=0)
HEALTH = Service("health", TCP, 8080, request=130, response=160, exact=True)
BEACON = Service("beacon", TCP, 443, request=310, response=190, exact=True)
UPLOAD = Service("upload", TCP, 443, request=20_000_000, response=4_000, long_share=0.8)
# What internet scanners look for: telnet, SSH, SMB, RDP, Docker, Redis, the web and its second ports, SIP.
SCANNED = tuple(Service("scan", TCP, port) for port in (23, 22, 445, 3389, 2375, 6379, 8443, 8080, 5900, 25))
SCANNED_UDP = (Service("scan", UDP, 5060, request=400), Service("scan", UDP, 1900, request=90))
_SMB, _RDP, _VNC = SCANNED[2], SCANNED[3], SCANNED[8]

LINUX_PORTS = range(32768, 61000)
TRANSLATED_PORTS = range(1024, 32768)  # the lower half of what gateways use that translate addresses
_SWEPT_PORTS = range(1, 30_001)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of traffic between roles and pools; `share` weighs its connections against those of other kinds.

    `#0` after a role's name means its first interface. `life` is how it goes if the filters let it pass.
    With `period_s` each of its relations connects once in that time, like clockwork; with `burst` all its
    connections fall into that part of the time. `swept` are the server's ports, one after the other.
    """

    name: str
    openers: tuple[str, ...]
    servers: tuple[str, ...]
    services: tuple[Service, ...]
    share: float
    relations: int
    life: Life = Life.ANSWERED
    ipv6: bool = False
    tags: tuple[str, ...] = ()
    period_s: int = 0
    burst: tuple[float, float] | None = None
    ports: range = LINUX_PORTS
    swept: range | None = None
    reuses_ports: bool = False


_SERVERS = ("app", "task", "node")
_EXPOSED = ("web", "bastion", "alb", "nat", "staging-web")
# Rare kinds come first: a pair and service belongs to the kind that takes it first.
KINDS: tuple[Kind, ...] = (
    Kind("beacon", ("node#0",), ("command servers#0",), (BEACON,), 0, 1, period_s=120, tags=("beacon",)),
    Kind("beacon", ("batch#0",), ("command servers#1",), (BEACON,), 0, 1, period_s=300, tags=("beacon",)),
    Kind("exfiltration", ("node#0",), ("drop sites",), (UPLOAD,), 0, 2, period_s=600, tags=("exfiltration",)),
    Kind(
        "scan-slow",
        ("sweepers#0",),
        ("web", "alb"),
        (SCANNED[6], _RDP, _VNC),
        0,
        6,
        Life.TRIED,
        period_s=900,
        tags=("scan", "scan-slow"),
    ),
    Kind(
        "scan-vertical",
        ("sweepers#1",),
        ("web#0",),
        (Service("scan", TCP, 0, opener_port=54321),),
        0.8,
        1,
        Life.PROBED,
        burst=(0.35, 0.42),
        swept=_SWEPT_PORTS,
        tags=("scan", "scan-vertical"),
    ),
    Kind(
        "scan-vertical",
        ("node#0",),
        ("postgres#0",),
        (Service("scan", TCP, 0, opener_port=61111),),
        0.3,
        1,
        Life.REFUSED,
        burst=(0.6, 0.66),
        swept=_SWEPT_PORTS,
        tags=("scan", "scan-vertical"),
    ),
    Kind(
        "scan-horizontal",
        ("sweepers#2",),
        _EXPOSED,
        (_RDP,),
        0.2,
        60,
        Life.TRIED,
        burst=(0.2, 0.3),
        tags=("scan", "scan-horizontal"),
    ),
    Kind(
        "scan-horizontal",
        ("node#0",),
        ("app", "task", "postgres", "cache", "monitor", "idle", "nobody"),
        (_SMB,),
        0.3,
        400,
        Life.TRIED,
        burst=(0.5, 0.6),
        tags=("scan", "scan-horizontal"),
    ),
    Kind("late", ("web",), ("apis",), (HTTPS,), 0.5, 40, Life.LATE, tags=("late",)),
    Kind("late", ("app",), ("postgres",), (POSTGRES,), 0.2, 6, Life.LATE, tags=("late",)),
    Kind("late", ("app",), ("task",), (DISPATCH,), 0.2, 8, Life.LATE, tags=("late",)),
    Kind("expired", ("app",), ("postgres",), (POSTGRES,), 0.2, 6, Life.EXPIRED, tags=("expired",)),
    Kind("expired", ("web",), ("apis",), (HTTPS,), 0.2, 12, Life.EXPIRED, tags=("expired",)),
    Kind(
        "reused-port",
        ("app", "node"),
        ("task",),
        (DISPATCH,),
        0.3,
        12,
        reuses_ports=True,
        tags=("reused-port",),
    ),
    Kind("retry", ("app", "task"), ("dead hosts",), (HTTPS,), 0.3, 8, Life.RETRIED, tags=("retry",)),
    Kind("retry", ("batch",), ("no route",), (HTTPS,), 0.2, 6, Life.RETRIED, tags=("retry",)),
    Kind(
        "backscatter",
        ("web", "alb", "bastion"),
        ("flooded",),
        (HTTPS, HTTP),
        0.6,
        400,
        Life.FLOODED,
        ports=range(1024, 65536),
        tags=("backscatter",),
    ),
    Kind("web", ("clients", "cloud clients"), ("web",), (HTTPS,), 12, 8_000),
    Kind("web", ("clients", "cloud clients"), ("alb",), (HTTPS,), 12, 8_000),
    Kind("web", ("clients", "cloud clients"), ("web", "alb"), (HTTP,), 6, 3_000),
    Kind("web", ("clients",), ("web",), (HTTPS,), 3.5, 1_500, ipv6=True),
    Kind("web", ("clients",), ("staging-web",), (HTTPS,), 0.5, 100),
    Kind(
        "reply-rejected",
        ("translated clients",),
        ("web", "alb"),
        (HTTPS,),
        0.5,
        60,
        Life.ANSWERED,
        ports=TRANSLATED_PORTS,
    ),
    Kind("app", ("alb",), ("web",), (APP,), 3, 18, tags=("load-balancer",)),
    Kind("app", ("web",), ("app", "task", "node"), (APP,), 5, 60),
    Kind("database", ("app", "task", "node"), ("postgres",), (POSTGRES,), 3, 40),
    Kind("database", ("app",), ("postgres",), (POSTGRES,), 0.4, 8, ipv6=True),
    Kind("database", ("batch",), ("postgres",), (POSTGRES,), 0.4, 6),
    Kind("database", ("batch",), ("mysql",), (MYSQL,), 1.2, 6),
    Kind("database", ("app",), ("mysql",), (MYSQL,), 0.3, 8),
    Kind("database", ("staging-web",), ("staging-db",), (POSTGRES,), 0.4, 2),
    Kind("cache", ("app", "web"), ("cache",), (REDIS,), 2.5, 20),
    Kind("high-port", ("app", "task", "node"), ("app",), (BROKER,), 1.2, 20, tags=("high-port",)),
    Kind("high-port", ("node", "app"), ("task",), (DISPATCH,), 1.2, 20, tags=("high-port",)),
    Kind("monitoring", ("monitor",), ("app",), (METRICS,), 0, 8, period_s=60, tags=("monitoring",)),
    Kind("dns", ("web", "app", "task", "node", "batch"), ("resolver",), (DNS,), 5, 36, tags=("dns",)),
    Kind("dns", ("resolver",), ("name servers",), (DNS,), 1.2, 20, tags=("dns",)),
    Kind("internet", _SERVERS, ("apis",), (HTTPS,), 1.6, 120),
    Kind("internet", ("web",), ("apis",), (HTTPS,), 1.5, 60),
    Kind("internet", ("batch",), ("apis",), (HTTPS,), 0.4, 12),
    Kind("internet", ("batch",), ("buckets",), (S3,), 0.2, 8),
    Kind("internet", _SERVERS, ("buckets",), (S3,), 3, 40),
    Kind("internet", _SERVERS, ("endpoint",), (HTTPS,), 2, 20),
    Kind("peering", ("app",), ("partner",), (HTTPS,), 0.6, 12),
    Kind("admin", ("admins",), ("bastion",), (SSH,), 0.4, 4),
    Kind("admin", ("bastion",), ("app", "web", "batch"), (SSH,), 0.4, 12),
    Kind("silent", ("web", "app", "task"), ("dead hosts",), (HTTPS,), 0.5, 12, Life.TRIED),
    Kind("refused", ("web",), ("app", "cache"), (HTTP,), 0.8, 6, Life.REFUSED),
    Kind("rejected", ("web", "batch"), ("postgres",), (SSH, REDIS), 2.5, 16),
    Kind("rejected", ("web", "monitor"), ("postgres",), (POSTGRES,), 1.0, 8),
    Kind("rejected", ("postgres",), ("apis",), (HTTPS,), 0.4, 6),
    Kind("rejected", ("app",), ("partner",), (SSH,), 0.1, 2),
    Kind("noise", ("scanners", "cloud clients"), ("web", "bastion", "alb"), SCANNED, 40, 12_000, Life.TRIED),
    Kind("noise", ("blocked",), ("web", "alb"), (HTTPS,), 0.8, 200),
    Kind("noise", ("scanners",), ("web", "bastion"), SCANNED_UDP, 2, 150, Life.TRIED),
    Kind("noise", ("scanners",), ("web",), SCANNED, 0.8, 60, Life.TRIED, ipv6=True),
    Kind("noise", ("scanners",), ("nat", "egress-nat"), SCANNED, 1, 200, Life.TRIED),
    Kind("health-check", ("alb",), ("web",), (HEALTH,), 0, 18, period_s=30, tags=("health-check",)),
    Kind(
        "ntp",
        ("web", "app", "postgres", "mysql"),
        ("time servers",),
        (NTP,),
        0,
        21,
        period_s=64,
        tags=("ntp",),
    ),
    Kind(
        "ping",
        ("monitor",),
        ("web", "app", "postgres", "cache"),
        (PING,),
        0,
        20,
        period_s=60,
        tags=("monitoring",),
    ),
    Kind("ping", ("monitor",), ("web", "app"), (PING6,), 0, 4, ipv6=True, period_s=60, tags=("monitoring",)),
)
# What each name stands for, in the order of KINDS; the words are the user's.
MEANINGS = {
    "beacon": "a host calls home every two or five minutes, always alike",
    "exfiltration": "large uploads to a host that nobody else knows",
    "scan-slow": "one opening in a quarter of an hour, again and again",
    "scan-vertical": "one host tries all low ports of another",
    "scan-horizontal": "one host tries one port everywhere, from outside and from inside",
    "late": "packets that come after the close, and are rejected",
    "expired": "packets that come after the idle time-out, and are rejected",
    "reused-port": "the same ports again, soon after the close",
    "retry": "openings repeated for two minutes without an answer",
    "backscatter": "answers to openings that somebody sent with a forged address",
    "web": "clients on the internet, IPv4 and IPv6, to web servers and a load balancer",
    "reply-rejected": "clients with low ports, whose replies a network ACL rejects",
    "app": "load balancer to web servers, web servers to application",
    "database": "PostgreSQL and MySQL, also between VPCs",
    "cache": "Redis",
    "high-port": "services whose port is above those of their clients",
    "monitoring": "metrics fetched once a minute",
    "dns": "own resolvers, and what they ask",
    "internet": "servers to APIs and S3: directly, by NAT gateway, endpoint or transit gateway",
    "peering": "a partner's VPC, of which there are no logs",
    "admin": "SSH by way of a bastion",
    "silent": "openings that nobody answers",
    "refused": "openings that the host refuses",
    "rejected": "openings inside that a group or ACL rejects",
    "noise": "openings from all over the internet, mostly rejected",
    "health-check": "the load balancer looks after its targets",
    "ntp": "time servers",
    "ping": "ICMP, to some hosts without a way back",
}

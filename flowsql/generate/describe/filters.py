"""Security groups and network ACLs."""

from __future__ import annotations

from flowsql.generate.describe.ids import Json, made_id, name_tag
from flowsql.generate.filters import ALL_PROTOCOLS, DEFAULT_RULE, AclEntry, Cidr, GroupRule, NetworkAcl
from flowsql.generate.topology import ACCOUNT_ID, REGION, Network


def security_groups(network: Network) -> list[Json]:
    """All security groups, as `describe-security-groups` lists them."""
    vpc_of = {vpc.vpc_id: vpc for vpc in network.vpcs}
    return [
        {
            "Description": f"{group.name} of {vpc_of[group.vpc_id].name}",
            "GroupName": group.name,
            "IpPermissions": [_permission(rule) for rule in group.inbound],
            "OwnerId": ACCOUNT_ID,
            "GroupId": group.group_id,
            "IpPermissionsEgress": [_permission(rule) for rule in group.outbound],
            "VpcId": group.vpc_id,
            "SecurityGroupArn": f"arn:aws:ec2:{REGION}:{ACCOUNT_ID}:security-group/{group.group_id}",
        }
        for group in network.groups.values()
    ]


_PROTOCOL_NAMES = {ALL_PROTOCOLS: "-1", 1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


def _permission(rule: GroupRule) -> Json:
    peer = rule.peer
    ipv4 = [{"CidrIp": peer.text}] if isinstance(peer, Cidr) and not peer.ipv6 else []
    ipv6 = [{"CidrIpv6": peer.text}] if isinstance(peer, Cidr) and peer.ipv6 else []
    pairs = [] if isinstance(peer, Cidr) else [{"GroupId": peer.group_id, "UserId": ACCOUNT_ID}]
    ports = {} if rule.protocol == ALL_PROTOCOLS else {"FromPort": rule.first_port, "ToPort": rule.last_port}
    return {
        "IpProtocol": _PROTOCOL_NAMES[rule.protocol],
        **ports,
        "IpRanges": ipv4,
        "Ipv6Ranges": ipv6,
        "PrefixListIds": [],
        "UserIdGroupPairs": pairs,
    }


def network_acl(acl: NetworkAcl, network: Network) -> Json:
    """A network ACL with its entries and the two last ones, which deny what is left."""
    subnets = [subnet for subnet in network.subnets if subnet.acl is acl]
    entries = [_entry(entry) for entry in acl.entries]
    for egress in (True, False):
        for number, cidr in (
            (DEFAULT_RULE, {"CidrBlock": "0.0.0.0/0"}),
            (DEFAULT_RULE + 1, {"Ipv6CidrBlock": "::/0"}),
        ):
            entries.append(
                {**cidr, "Egress": egress, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": number}
            )
    return {
        "Associations": [
            {
                "NetworkAclAssociationId": made_id("aclassoc", subnet.subnet_id),
                "NetworkAclId": acl.acl_id,
                "SubnetId": subnet.subnet_id,
            }
            for subnet in subnets
        ],
        "Entries": entries,
        "IsDefault": False,
        "NetworkAclId": acl.acl_id,
        "Tags": name_tag(acl.name),
        "VpcId": acl.vpc_id,
        "OwnerId": ACCOUNT_ID,
    }


def _entry(entry: AclEntry) -> Json:
    shown: Json = {
        ("Ipv6CidrBlock" if entry.cidr.ipv6 else "CidrBlock"): entry.cidr.text,
        "Egress": entry.egress,
        "Protocol": str(entry.protocol),
        "RuleAction": "allow" if entry.allow else "deny",
        "RuleNumber": entry.number,
    }
    if entry.protocol in (6, 17):
        shown["PortRange"] = {"From": entry.first_port, "To": entry.last_port}
    if entry.protocol in (1, 58):
        shown["IcmpTypeCode"] = {"Code": -1, "Type": -1}
    return shown

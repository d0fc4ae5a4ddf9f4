"""Access to AWS: whose credentials, which region, which endpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from flowsql.errors import SourceError
from flowsql.sources.aws_errors import explained

# Tries of one request, with growing pauses between them.
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """How AWS is asked. None means what AWS's own tools would use: environment, profile, SSO, the instance
    and its role.

    `role_arn` is a role to assume with these credentials; `endpoint_url` another address of the service.
    """

    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: str | None = None
    requester_pays: bool = False

    def session(self, where: str) -> Any:
        """A boto3 Session. Raises SourceError without the extra `aws`, and for unusable credentials.

        `where` is the source it is for, as named by the user.
        """
        boto3 = _boto3(where)
        try:
            # AWS's own tools know both variables, boto3 only AWS_DEFAULT_REGION.
            region = self.region or os.environ.get("AWS_REGION") or None
            session = boto3.Session(profile_name=self.profile, region_name=region)
            return self._in_role(session) if self.role_arn else session
        except Exception as error:
            raise explained(error, f"{where}: {self.role_arn}" if self.role_arn else where) from error

    def client(self, service: str, where: str, session: Any = None) -> Any:
        """A boto3 client for the service, which tries each request several times. Raises as `session`."""
        from botocore.config import Config

        session = session or self.session(where)
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        config = Config(
            retries=retries, max_pool_connections=32, connect_timeout=10, read_timeout=60, s3=_PATH_STYLE
        )
        try:
            region = session.region_name or (None if service in _ANYWHERE else _region_of_machine(session))
            return session.client(service, region, endpoint_url=self.endpoint_url, config=config)
        except Exception as error:
            raise explained(error, where) from error

    def _in_role(self, session: Any) -> Any:
        """The session with the role's credentials, which renew themselves."""
        import boto3
        from botocore.credentials import RefreshableCredentials
        from botocore.session import get_session

        def assume() -> dict[str, str]:
            answer = session.client("sts").assume_role(RoleArn=self.role_arn, RoleSessionName="flowsql")
            given = answer["Credentials"]
            return {
                "access_key": given["AccessKeyId"],
                "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"],
                "expiry_time": given["Expiration"].isoformat(),
            }

        inner = get_session()
        inner._credentials = RefreshableCredentials.create_from_metadata(
            metadata=assume(), refresh_using=assume, method="sts-assume-role"
        )
        return boto3.Session(botocore_session=inner, region_name=session.region_name)


# Services that are asked without a region.
_ANYWHERE = {"s3"}


def _region_of_machine(session: Any) -> str | None:
    """The region of the EC2 instance that this is, as the `aws` command takes it; None if it is none."""
    from botocore.utils import IMDSRegionProvider

    region: str | None = IMDSRegionProvider(session._session).provide()
    return region


# A bucket's name as part of the path: names with dots, and servers that have no name of their own.
_PATH_STYLE = {"addressing_style": "path"}


def _boto3(where: str) -> Any:
    try:
        import boto3
        import obstore  # noqa: F401 - both come with the extra
    except ImportError as error:
        raise SourceError(
            f"reading from AWS needs the extra 'aws' of flowsql ({error.name} is not installed)",
            where=where,
            remedy="`pip install '.[aws]'` in flowsql's checkout, with the pip of its environment",
        ) from error
    return boto3

"""What AWS's errors mean: the cause in words, and how to mend it."""

from __future__ import annotations

import re

from flowsql.errors import FlowsqlError, SourceError, UsageError
from flowsql.sources.source import SourceLost

_KEYS = "check the access key: `aws sts get-caller-identity` shows whose it is; --profile names another one"
_EXPIRED = "get new credentials (`aws sso login`, or whatever gave you these) and run the same command again"
_BUSY = "run the same command again later; what was loaded stays"
_REGION = "--aws-region with the bucket's own region"
_DENIED = (
    "s3:ListBucket on the bucket and s3:GetObject on its objects are needed; --role-arn takes another role, "
    "--requester-pays is for buckets of that kind"
)
_UNKNOWN_KEY = ("AWS does not know this access key", _KEYS)
_IS_EXPIRED = ("the credentials have expired", _EXPIRED)
_IS_DENIED = ("access denied", _DENIED)
_IS_BUSY = ("the server is too busy, also after several tries", _BUSY)
_IS_ELSEWHERE = ("the bucket is in another region", _REGION)
# Error code -> (cause, remedy); https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_MEANINGS = {
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "InvalidToken": ("AWS does not accept this session token", _KEYS),
    "SignatureDoesNotMatch": ("the secret access key is wrong", _KEYS),
    "ExpiredToken": _IS_EXPIRED,
    "ExpiredTokenException": _IS_EXPIRED,
    "RequestExpired": _IS_EXPIRED,
    "TokenRefreshRequired": _IS_EXPIRED,
    "RequestTimeTooSkewed": ("this machine's clock is wrong", "set the clock, for example by NTP"),
    "AccessDenied": _IS_DENIED,
    "AccessDeniedException": _IS_DENIED,
    "Forbidden": _IS_DENIED,
    "403": _IS_DENIED,
    "AllAccessDisabled": _IS_DENIED,
    "NoSuchBucket": ("no such bucket", "check its name; `aws s3 ls` lists the buckets of these credentials"),
    "InvalidBucketName": ("not the name of a bucket", "a source in S3 is s3://bucket/prefix"),
    "PermanentRedirect": _IS_ELSEWHERE,
    "AuthorizationHeaderMalformed": _IS_ELSEWHERE,
    "301": _IS_ELSEWHERE,
    "SlowDown": _IS_BUSY,
    "ServiceUnavailable": _IS_BUSY,
    "Throttling": _IS_BUSY,
    "ThrottlingException": _IS_BUSY,
    "InternalError": _IS_BUSY,
    "503": _IS_BUSY,
}
# With these no request of the source can succeed.
_FATAL = {
    code
    for code, meaning in _MEANINGS.items()
    if meaning not in (_IS_DENIED, _IS_BUSY) and code != "InvalidBucketName"
}
_NO_CREDENTIALS = (
    "found no AWS credentials",
    "--profile, $AWS_PROFILE or $AWS_ACCESS_KEY_ID name some; `aws configure` sets some up",
)
# botocore's exceptions by name, most special first.
_CLIENT_SIDE = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "TokenRetrievalError": ("the SSO session has expired", "`aws sso login --profile ...`"),
    "UnauthorizedSSOTokenError": ("the SSO session has expired", "`aws sso login --profile ...`"),
    "SSOTokenLoadError": ("there is no SSO session", "`aws sso login --profile ...`"),
    "NoRegionError": ("no AWS region is known", "--aws-region, or $AWS_REGION, or `region` in the profile"),
    "EndpointConnectionError": ("the endpoint does not answer", "check the network, and --endpoint-url"),
    "ConnectTimeoutError": ("the endpoint does not answer", "check the network, and --endpoint-url"),
    "ProxyConnectionError": ("the proxy does not answer", "check $HTTPS_PROXY and $NO_PROXY"),
    "SSLError": ("the endpoint's certificate is not trusted", "$AWS_CA_BUNDLE names other certificates"),
}
_CODE = re.compile(r"<Code>(\w+)</Code>")


def code_of(error: Exception) -> str:
    """AWS's code for the error, from botocore's response or the XML in a message; '' if there is none."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    match = _CODE.search(str(error))
    return match[1] if match else ""


def is_fatal(code: str) -> bool:
    """Whether every other request would meet the same error."""
    return code in _FATAL


def meaning_of(code: str) -> tuple[str, str]:
    """(cause, remedy) of an error code."""
    return _MEANINGS.get(code, (f"AWS answers {code}" if code else "", ""))


def explained(error: Exception, where: str) -> FlowsqlError:
    """An exception of boto3's as one of ours; UsageError for what the options or profile cause."""
    name = type(error).__name__
    if name in _CLIENT_SIDE:
        cause, remedy = _CLIENT_SIDE[name]
        return SourceLost(cause, where=where, remedy=remedy)
    if name == "ProfileNotFound":
        return UsageError(str(error), where="--profile", remedy="`aws configure list-profiles` lists them")
    if name == "ValueError" and "endpoint" in str(error).lower():
        return UsageError(
            str(error), where="--endpoint-url", remedy="for example https://s3.example.com:9000"
        )
    if name == "InvalidRegionError":
        return UsageError(str(error), where="--aws-region", remedy="for example eu-west-1")
    code = code_of(error)
    cause, remedy = meaning_of(code)
    if not cause:
        cause = _one_line(error)
    elif code not in _MEANINGS:
        cause = f"{cause}: {_message_of(error)}"
    kind = SourceLost if is_fatal(code) or not code else SourceError
    return kind(cause, where=where, remedy=remedy)


def _message_of(error: Exception) -> str:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Message", ""))
    return _one_line(error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split("\n\nDebug source", 1)[0].split())[:300]

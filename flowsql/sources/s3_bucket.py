"""One bucket: its folders and keys (boto3), and the bytes of its objects (obstore)."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlparse

from flowsql.errors import SourceError
from flowsql.sources.aws import ATTEMPTS, AwsAccess
from flowsql.sources.aws_errors import code_of, explained, is_fatal, meaning_of
from flowsql.sources.s3_file import WHOLE_BYTES, RangedFile
from flowsql.sources.source import SourceLost

# So many objects in a row that cannot be read mean that none can.
_FAILURES_IN_A_ROW = 5
# boto3 gives credentials that hold for ten minutes more; obstore renews them five minutes before their end.
_CREDENTIALS_HOLD = timedelta(minutes=10)
# Each is a request that obstore tries again by itself; these are for answers that break off.
_TRIES_OF_A_BODY = 4
_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as listed: key, size, etag with its quotes, time of upload (Unix seconds)."""

    key: str
    size_bytes: int
    etag: str
    modified: int


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing: objects, and with a delimiter the folders beside them."""

    objects: tuple[Listed, ...]
    folders: tuple[str, ...]


class Bucket:
    """A bucket as these credentials see it."""

    def __init__(self, name: str, access: AwsAccess) -> None:
        self.name = name
        self._access = access
        self._where = f"s3://{name}"
        self._session = access.session(self._where)
        self._client = access.client("s3", self._where, self._session)
        self._payer = {"RequestPayer": "requester"} if access.requester_pays else {}
        self._region = ""
        self._store: Any = None
        self._failures = 0

    def url(self, key: str) -> str:
        """How users call an object or folder."""
        return f"s3://{self.name}/{key}"

    def pages(self, prefix: str, *, deep: bool, after: str = "") -> Iterator[Page]:
        """What lies below the prefix and sorts after `after`, a page (1,000 keys at most) a request.

        `deep` lists all levels, else only the first one. Raises SourceError.
        """
        wanted = {"Bucket": self.name, "Prefix": prefix, "StartAfter": after, **self._payer}
        if not deep:
            wanted["Delimiter"] = "/"
        token: dict[str, str] = {}
        while True:
            try:
                answer = self._client.list_objects_v2(**{k: v for k, v in wanted.items() if v}, **token)
            except Exception as error:
                raise explained(error, self.url(prefix)) from error
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            self._region = self._region or headers.get("x-amz-bucket-region", "")
            yield Page(
                tuple(_listed(item) for item in answer.get("Contents", ())),
                tuple(item["Prefix"] for item in answer.get("CommonPrefixes", ())),
            )
            if not answer.get("IsTruncated"):
                return
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def look_up(self, key: str) -> Listed | None:
        """The object of exactly that key; None if there is none. Raises SourceError."""
        try:
            answer = self._client.head_object(Bucket=self.name, Key=key, **self._payer)
        except Exception as error:
            if code_of(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise explained(error, self.url(key)) from error
        return Listed(key, answer["ContentLength"], answer["ETag"], int(answer["LastModified"].timestamp()))

    def open(self, listed: Listed) -> BinaryIO:
        """The object's bytes as they were when it was listed.

        Raises OSError where they cannot be had, also when it was replaced since; SourceError when it was
        deleted, and SourceLost when no other object can be had either.
        """
        if listed.size_bytes <= WHOLE_BYTES:
            return io.BytesIO(self._bytes_of(listed, 0, listed.size_bytes))
        ranged = RangedFile(lambda start, end: self._bytes_of(listed, start, end), listed.size_bytes)
        return cast(BinaryIO, ranged)

    def _bytes_of(self, listed: Listed, start: int, end: int) -> bytes:
        """The bytes of that range, of that version of the object. Raises as `open`."""
        pause_s = _PAUSE_S
        for attempt in range(_TRIES_OF_A_BODY):
            try:
                content = self._get(listed, start, end)
            except Exception as error:
                failure = self._failure(error, listed.key)
                # An answer in AWS's words will not change.
                is_final = isinstance(failure, SourceError) or code_of(error) != ""
                if is_final or attempt == _TRIES_OF_A_BODY - 1:
                    raise self._counted(failure) from error
            else:
                if len(content) == end - start:
                    self._failures = 0
                    return content
            time.sleep(pause_s)
            pause_s *= 2
        raise self._counted(OSError(0, "the server ends each answer too early"))

    def _get(self, listed: Listed, start: int, end: int) -> bytes:
        if not listed.size_bytes:
            return b""
        if not _is_plain(listed.key):
            answer = self._client.get_object(
                Bucket=self.name,
                Key=listed.key,
                IfMatch=listed.etag,
                Range=f"bytes={start}-{end - 1}",
                **self._payer,
            )
            return bytes(answer["Body"].read())
        import obstore

        options: Any = {"if_match": listed.etag}
        if (start, end) != (0, listed.size_bytes):
            options["range"] = (start, end)
        return obstore.get(self._reader(), listed.key, options=options).bytes().to_bytes()

    def _failure(self, error: Exception, key: str) -> Exception:
        """What an error of obstore's means to the user."""
        code, name, url = code_of(error), type(error).__name__, self.url(key)
        if name == "PreconditionError" or code in ("PreconditionFailed", "412"):
            return OSError(0, "it was replaced while it was being read; the next load takes the new version")
        if code == "NoSuchKey" or (isinstance(error, FileNotFoundError) and code != "NoSuchBucket"):
            return SourceError("was deleted after it was listed", where=url)
        if is_fatal(code):
            cause, remedy = meaning_of(code)
            return SourceLost(cause, where=url, remedy=remedy)
        cause = meaning_of(code)[0] if code else "the connection fails, also after several tries"
        return OSError(0, cause)

    def _counted(self, failure: Exception) -> Exception:
        """The failure; from the fifth in a row on one of the whole bucket."""
        self._failures += isinstance(failure, OSError)
        if self._failures < _FAILURES_IN_A_ROW or isinstance(failure, SourceError):
            return failure
        return SourceLost(
            f"{self._failures} objects in a row could not be read ({failure.args[1]}): the rest is not tried",
            where=self._where,
            remedy="check the network and permissions, then run the same command again",
        )

    def _reader(self) -> Any:
        if self._store is None:
            from obstore.store import S3Store

            endpoint = self._client.meta.endpoint_url
            host = urlparse(endpoint).hostname or ""
            region = self._region or self._client.meta.region_name
            region = "us-east-1" if region in (None, "aws-global") else region
            if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
                suffix = ".cn" if host.endswith(".cn") else ""
                endpoint = f"https://s3.{region}.amazonaws.com{suffix}"
            backoff: Any = {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=10),
                "base": 2,
            }
            config: Any = {
                "region": region,
                "endpoint": endpoint,
                "request_payer": self._access.requester_pays,
            }
            self._store = S3Store(
                self.name,
                config=config,
                client_options=self._client_options(endpoint),
                retry_config={
                    "max_retries": ATTEMPTS,
                    "backoff": backoff,
                    "retry_timeout": timedelta(minutes=2),
                },
                credential_provider=self._credentials,
            )
        return self._store

    def _client_options(self, endpoint: str) -> Any:
        """Timeouts, and the certificates that boto3 trusts too (`$AWS_CA_BUNDLE` or its configuration)."""
        options: dict[str, Any] = {"allow_http": endpoint.startswith("http:"), "timeout": "120s"}
        bundle = self._session._session.get_config_variable("ca_bundle")
        if bundle:
            options["root_certificate"] = Path(bundle).read_bytes()
        return options

    def _credentials(self) -> Any:
        """What obstore signs with; boto3 renews it where it can."""
        frozen = self._session.get_credentials().get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _CREDENTIALS_HOLD,
        }


def _is_plain(key: str) -> bool:
    """Whether obstore can name the object: it has no word for `a//b` and `a/./b`."""
    return not any(part in ("", ".", "..") for part in key.split("/"))


def _listed(item: dict[str, Any]) -> Listed:
    return Listed(item["Key"], item["Size"], item["ETag"], int(item["LastModified"].timestamp()))

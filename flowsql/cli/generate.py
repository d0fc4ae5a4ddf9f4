"""`flowsql generate`: synthetic flow logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flowsql.cli.narrator import Narrator
from flowsql.errors import UsageError


def generate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the files.")],
    records: Annotated[
        int, typer.Option("--records", metavar="N", min=1, help="How many records.")
    ] = 100_000,
    log_format: Annotated[
        str, typer.Option("--log-format", metavar="F", help="Field list; also: default, tgw, all.")
    ] = "default",
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Same seed, same bytes.")] = 1,
    parquet: Annotated[bool, typer.Option("--parquet", help="Parquet files instead of gzip text.")] = False,
) -> int:
    """Write realistic flow logs, laid out and named as AWS does."""
    from flowsql.generate.logs import generate as write_logs
    from flowsql.logformat.format_string import parse_format_string

    if directory.exists() and not directory.is_dir():
        raise UsageError("is not a folder", where=str(directory))
    generated = write_logs(
        directory, records=records, fields=parse_format_string(log_format), seed=seed, parquet=parquet
    )
    Narrator().notice(
        f"wrote {generated.records:,} records in {len(generated.files):,} files, "
        f"{generated.size_bytes / 1e6:,.1f} MB, below {directory}"
    )
    return 0

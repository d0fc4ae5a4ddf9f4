"""`flowsql generate`: synthetic flow logs, and the truth about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flowsql.cli.narrator import Narrator
from flowsql.errors import UsageError


def _print_kinds(wanted: bool) -> None:
    if wanted:
        from flowsql.generate.kinds import KINDS, MEANINGS

        total = sum(kind.share for kind in KINDS if not kind.period_s)
        for name, meaning in MEANINGS.items():
            share = sum(kind.share for kind in KINDS if kind.name == name and not kind.period_s)
            print(f"{name:<16} {f'{share / total:.3f}' if share else 'clock':<6} {meaning}")
        raise typer.Exit


def generate(  # noqa: PLR0917 - one argument an option
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the files.")],
    records: Annotated[
        int, typer.Option("--records", metavar="N", min=1, help="How many records.")
    ] = 100_000,
    log_format: Annotated[
        str, typer.Option("--log-format", metavar="F", help="Field list; also: default, tgw, all.")
    ] = "default",
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Same seed, same bytes.")] = 1,
    parquet: Annotated[bool, typer.Option("--parquet", help="Parquet files instead of gzip text.")] = False,
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="T", help="When the logs begin (default: 2026-11-16T10:00Z)."),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option("--duration", metavar="SPAN", help="How long: 30m, 24h, 7d (default: by --records)."),
    ] = None,
    interval: Annotated[int, typer.Option("--interval", metavar="S", help="60 or 600 seconds.")] = 60,
    share: Annotated[
        list[str] | None,
        typer.Option("--share", metavar="KIND=X", help="Share of a kind among connections; 0 leaves it out."),
    ] = None,
    missing_files: Annotated[
        int, typer.Option("--missing-files", metavar="N", min=0, help="Five-minute slots without files.")
    ] = 0,
    late_files: Annotated[
        int,
        typer.Option(
            "--late-files", metavar="N", min=0, help="Slots of which a part comes late, in DIR/late."
        ),
    ] = 0,
    overlap: Annotated[
        bool, typer.Option("--overlap", help="A second flow log in some subnets, of rejected records.")
    ] = False,
    truth: Annotated[
        bool, typer.Option("--truth/--no-truth", help="Write what really happened to DIR/truth.")
    ] = True,
    kinds: Annotated[
        bool,
        typer.Option("--kinds", callback=_print_kinds, is_eager=True, help="List the kinds of traffic."),
    ] = False,
) -> int:
    """Write realistic flow logs, laid out and named as AWS does, and the truth beside them."""
    from zoneinfo import ZoneInfo

    from flowsql.generate.logs import DEFAULT_START
    from flowsql.generate.logs import generate as write_logs
    from flowsql.logformat.format_string import parse_format_string
    from flowsql.window import parse_absolute_time, parse_span

    if directory.exists() and not directory.is_dir():
        raise UsageError("is not a folder", where=str(directory))
    generated = write_logs(
        directory,
        records=records,
        fields=parse_format_string(log_format),
        seed=seed,
        parquet=parquet,
        start=parse_absolute_time(start, tz=ZoneInfo("UTC")) if start else DEFAULT_START,
        duration_s=parse_span(duration) if duration else None,
        interval_s=interval,
        shares=dict(_share(text) for text in share or []),
        missing_files=missing_files,
        late_files=late_files,
        overlap=overlap,
        truth=truth,
    )
    narrator = Narrator()
    narrator.notice(
        f"wrote {generated.records:,} records in {len(generated.files) + len(generated.late_files):,} files, "
        f"{generated.size_bytes / 1e6:,.1f} MB, below {directory}"
    )
    if generated.late_files:
        narrator.notice(
            f"{len(generated.late_files):,} of the files come late: load {directory / 'late'} afterwards"
        )
    if generated.truth:
        narrator.notice(
            f"the truth is in {generated.truth}, which `flowsql load {directory}` leaves out: "
            "truth.parquet, and the network as describe-*.json"
        )
    return 0


def _share(text: str) -> tuple[str, float]:
    name, equals, share = text.partition("=")
    try:
        if equals:
            return name.strip(), float(share)
    except ValueError:
        pass
    raise UsageError(f"--share {text}: not of the form KIND=X", remedy="e.g. --share scan-vertical=0.1")

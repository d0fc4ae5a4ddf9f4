"""Figures as people read them: counts with their nouns, times in UTC."""

from datetime import UTC, datetime


def counted(number: int, noun: str) -> str:
    """'1 record', '2,000 records'."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def utc_time(seconds: int | None) -> str:
    """Unix seconds as '2026-11-23T10:00:00Z'; '-' for none."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

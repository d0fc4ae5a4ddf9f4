"""Writes the generated pages of docs/: commands, fields, queries and views.

    python docs/build.py

A test compares the pages with what this would write, so that they never lie.
"""

from __future__ import annotations

import contextlib
import io
import re
from importlib import resources
from pathlib import Path

from flowsql.cli.main import main
from flowsql.cli.queries import explained
from flowsql.library.search_path import find_library
from flowsql.logformat.fields import CATALOGUE, TGW, VPC, Field
from flowsql.logformat.format_string import NAMED_FORMATS, to_format_string
from flowsql.views.views import VIEWS

FOLDER = Path(__file__).parent
COMMANDS = (
    *("", "load", "between", "run", "sql", "repl", "queries", "fields"),
    *("flow-logs", "flow-logs list", "flow-logs show", "flow-logs forget", "flow-logs create-command"),
    *("inventory", "inventory load", "inventory fetch", "doctor", "demo", "generate", "store"),
)
STORE_COMMANDS = ("info", "compact", "forget", "files", "check", "repair", "export", "import")
_FUNCTION = re.compile(r"((?:--.*\n)+)create or replace macro ([^;]*?) as\n")
_RELATIONS = """\
| relation | one row is |
| --- | --- |
| `records` | a record, as AWS wrote it: a column per field of the catalogue (null where the log format \
lacks it), `extra` (unknown fields, as JSON text), `load_id`, `flow_log_id` |
| `flows` | a record that describes a flow; see below |
| `tcp_directions` | a TCP record of `flows`, and who of its two ends is the client |
| `conversations` | all records of two ends from the opening to the close, at one interface |
| `rejections` | a rejected flow, its kind, and what is known of the filter |
| `coverage`, `coverage_by_hour` | a slot or an hour of a capture point, and whether its records arrived |
| `rejects` | a line that is no record: `name` of the object, `load_id`, `line_number`, `text`, \
`reason` |
| `loads` | a log object that was read: identity, name, state, log format, counts, times |
| `objects` | a name under which an object was seen |
| `segments` | a Parquet file of the store |
| `flow_logs` | a registered flow log: what AWS has configured |

`records`, `flows`, `tcp_directions` and `rejections` are the window and scope of the query, `conversations`
those that touch the window; `rejects`, `loads`, `objects`, `segments` and `flow_logs` are the whole
store. How the views
decide, and how sure that is: [counting](counting.md). The other views are steps on the way.
"""
_NOTE = "<!-- Written by docs/build.py: change that, or what it reads, and run it again. -->\n"


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    return {
        "commands.md": commands_page(),
        "fields.md": fields_page(),
        "queries.md": queries_page(),
        "views.md": views_page(),
    }


def commands_page() -> str:
    """What `--help` says of each command."""
    parts = ["# Commands\n", _NOTE]
    for command in (*COMMANDS, *(f"store {name}" for name in STORE_COMMANDS)):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            main([*command.split(), "--help"])
        parts.append(f"## flowsql {command}".rstrip() + f"\n\n```text\n{text.getvalue().strip()}\n```\n")
    return "\n".join(parts)


def fields_page() -> str:
    """The field glossary, and the named log formats."""
    parts = ["# Fields\n", _NOTE]
    for family, title in ((VPC, "VPC flow logs"), (TGW, "Transit gateway flow logs")):
        members = [field for field in CATALOGUE if field.family == family]
        parts.append(f"## {title}: {len(members)} fields\n")
        parts.append(
            "| field | column | version | type | absent | about |\n| --- | --- | --- | --- | --- | --- |"
        )
        parts += [_field_row(field) for field in members]
        parts.append("")
    parts.append("## Named log formats\n")
    for name, fields in NAMED_FORMATS.items():
        parts.append(f"`{name}`, {len(fields)} fields:\n\n```text\n{to_format_string(fields)}\n```\n")
    return "\n".join(parts)


def _field_row(field: Field) -> str:
    kind = f"{field.type}, {field.unit}" if field.unit else field.type
    absent = "possible" if field.dash else "never"
    return f"| {field.name} | {field.column} | {field.version} | {kind} | {absent} | {field.about} |"


def queries_page() -> str:
    """Every built-in saved query, by topic."""
    parts = ["# Saved queries\n", _NOTE]
    for query in find_library(None, None).all():
        text = explained(query).replace(str(query.path), f"queries/{query.topic}/{query.path.name}")
        parts.append(f"## {query.name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def views_page() -> str:
    """The relations that SQL can ask, and the functions, with what their files say of them."""
    parts = ["# Views and functions\n", _NOTE, _RELATIONS]
    parts += [f"## {view.name}\n\n{view.about}\n\n```sql\n{view.sql}\n```\n" for view in VIEWS]
    parts.append("## Functions\n")
    text = resources.files("flowsql.views").joinpath("functions.sql").read_text(encoding="utf-8")
    for comment, signature in _FUNCTION.findall(text):
        about = " ".join(line.removeprefix("--").strip() for line in comment.splitlines())
        on_a_line = " ".join(signature.split()).replace("( ", "(").replace(" )", ")")
        parts.append(f"- `{on_a_line}`: {about}")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

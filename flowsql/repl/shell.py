"""The shell: one session as long as it lives, and what is typed, run in it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsql import exit_codes
from flowsql.errors import FlowsqlError, Interrupted, QueryError, UsageError
from flowsql.query_options import QueryOptions
from flowsql.repl.display import Answer, Display
from flowsql.repl.inputs import is_command, split_expanded, split_inputs
from flowsql.repl.narration import Narration
from flowsql.repl.nearest import with_nearest_name
from flowsql.repl.progress import progress_line
from flowsql.repl.settings import Settings
from flowsql.repl.vocabulary import Names

if TYPE_CHECKING:
    from flowsql.engines.duckdb_engine import Session
    from flowsql.library.saved_query import SavedQuery
    from flowsql.result import Result
    from flowsql.trust import Trust
    from flowsql.workspace import Workspace

# Files that read files, before it is taken for a circle.
_DEEPEST = 16
# Runs a command of the command line, given as its words, and returns its exit code.
CommandLine = Callable[[Sequence[str]], int]

# What errors name as commands of the command line, and the shell has as dot-commands.
_COMMAND = re.compile(r"\bflowsql (between|fields|load|queries|run)\b")


class Shell:
    """Runs inputs one after the other and says what went wrong; no input ends it but `.quit`.

    `texts` are the window, scope and limits as typed (see QueryOptions.parse). `terminal` says that
    answers go to a screen. Use it as a context manager.
    """

    def __init__(
        self,
        workspace: Workspace,
        narration: Narration,
        command_line: CommandLine,
        texts: Mapping[str, Any],
        *,
        settings: Settings,
        terminal: bool,
    ) -> None:
        self.workspace, self.narration, self.command_line = workspace, narration, command_line
        self.texts = dict(texts)
        self.options = QueryOptions.parse(**self.texts)
        self.settings, self.terminal = settings, terminal
        self.display = Display(settings, narration, terminal=terminal)
        self.last_answer: Answer | None = None
        self.last_query: SavedQuery | None = None
        self.last_sql = ""
        self.last_elapsed_s: float | None = None
        self.is_over = False
        # What an editor left for the next prompt.
        self.draft = ""
        # Changes results before they are shown, while `.watch` compares them; None shows nothing.
        self.each_result: Callable[[Result], Result | None] | None = None
        # What a terminal gives: earlier inputs, and answers to questions. Without one both are empty.
        self.history: Callable[[], Iterable[str]] = lambda: ()
        self.ask: Callable[[str], str] = lambda question: ""
        # Held by whoever uses the session.
        self.lock = threading.Lock()
        self.names = Names(
            lambda: self.session, workspace.store.catalog, lambda: self.workspace.library, self.lock
        )
        self._repeat: Callable[[], None] | None = None
        self._depth = 0
        self._session: Session | None = None
        self._attached: tuple[int, int, int] | None = None

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.display.destination:
            self.display.destination.close()
        if self._session:
            self._session.close()

    @property
    def session(self) -> Session:
        """The session, begun when it is first needed. Raises StoreError without a store."""
        if self._session is None:
            self._attached = self.workspace.store.catalog.stamp()
            self._session = self.workspace.session(self.options)
        return self._session

    @property
    def is_stale(self) -> bool:
        """Whether something was committed to the store since the session last looked."""
        return self._session is not None and self._attached != self.workspace.store.catalog.stamp()

    @property
    def counted(self) -> Trust | None:
        """What is known of the records of window and scope."""
        return self._session.counted if self._session else None

    def records_text(self) -> str:
        """The records of window and scope and what they lack, as far as known; '' before the session."""
        if self._session is None:
            return ""
        counted = self.counted
        if counted is not None:
            parts = [
                f"{counted.records:,} records",
                f"{counted.incomplete_objects:,} objects incomplete" if counted.incomplete_objects else "",
                f"{counted.rejects:,} lines rejected" if counted.rejects else "",
            ]
            return ", ".join(part for part in parts if part)
        return f"up to {sum(segment.records for segment in self._session.segments_in_window):,} records"

    def as_options(self) -> list[str]:
        """Store, window, scope and limits as a command of the command line takes them."""
        words = ["--store", str(self.workspace.store.folder)]
        for name, value in self.texts.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if one is not None:
                    words += [f"--{name.replace('_', '-')}", str(one)]
        return words

    def columns_of_answer(self) -> list[str]:
        """The columns of the last answer."""
        return self.last_answer.rows.column_names if self.last_answer else []

    def look(self, changes: Mapping[str, Any] | None = None) -> None:
        """From here on answers are about the store as it is now, and relative times about this moment.

        `changes` to the window and scope stay only if they make sense. Raises UsageError, StoreError.
        """
        texts = {**self.texts, **(changes or {})}
        self.options = QueryOptions.parse(**texts)
        self.texts = texts
        if self._session is not None:
            self._attached = self.workspace.store.catalog.stamp()
            self._session.renew(self.options)
        self.names.expire()

    def run_lines(self, lines: Iterable[str], source: str) -> int:
        """Runs the inputs in these lines; the exit code that they mean together.

        With `.bail on` the first error ends it. Errors name the line of `source`.
        """
        codes = []
        for found in split_inputs(lines):
            code = self.run(found.text, where=f"{source}:{found.line}")
            codes.append(code)
            if self.is_over or code == exit_codes.INTERRUPTED or (code and self.settings.bail):
                break
        return exit_codes.worst(codes)

    def run_typed(self, text: str) -> int:
        """Runs what was typed or pasted; errors name lines only where there are several inputs."""
        lines = text.encode("utf-8", "replace").decode().splitlines(keepends=True)
        inputs = list(split_inputs(lines))
        return self.run(inputs[0].text) if len(inputs) == 1 else self.run_lines(lines, "line")

    def run(self, text: str, *, where: str = "") -> int:
        """Runs one input; the exit code that it means. Errors are said, with `where` in front."""
        try:
            if is_command(text):
                from flowsql.repl.commands import run_command

                return run_command(self, text.strip())
            self.run_sql(text)
        except Interrupted as error:
            self.narration.notice("interrupted")
            return exit_codes.of_error(error)
        except FlowsqlError as error:
            self._tell(error, where)
            return exit_codes.of_error(error)
        except KeyboardInterrupt:
            self.narration.notice("interrupted")
            return exit_codes.INTERRUPTED
        return exit_codes.DONE

    def _tell(self, error: FlowsqlError, where: str) -> None:
        if isinstance(error, QueryError) and self._session is not None:
            error = with_nearest_name(error, self.last_sql, self._session)
        within = f"{where}: {error.where}" if where and error.where else where or error.where
        remedy = _COMMAND.sub(r".\1", error.remedy)
        self.narration.error(type(error)(error.cause, where=within, remedy=remedy))

    def run_sql(self, text: str) -> None:
        """Runs SQL statements in the session and shows their answers. Raises FlowsqlError."""
        sql, expanded = split_expanded(text)
        for statement in self.session.statements(sql):
            self.last_sql = statement.query.strip().rstrip(";").rstrip()
            self._repeat = partial(self._run_statement, statement, expanded=expanded)
            self._repeat()

    def _run_statement(self, statement: Any, *, expanded: bool) -> None:
        is_question = statement.type.name == "SELECT"
        result = self._executed(statement)
        if is_question and self.session.names_tables(statement):
            result.judge = partial(self.session.trust, statement.query)
        self.last_query = None
        self._finish(result, expanded=expanded)
        if not is_question:
            self.names.expire()

    @property
    def can_repeat(self) -> bool:
        """Whether there is a last statement or saved query to ask again."""
        return self._repeat is not None

    def repeat(self) -> None:
        """Asks the last statement or saved query again. Raises FlowsqlError."""
        if self._repeat:
            self._repeat()

    def _executed(self, statement: Any) -> Result:
        """The result of one statement; once more on the present store where files of the old one are gone."""
        try:
            with self._progress(self.session):
                return self.session.execute(statement, {})
        except QueryError as error:
            if not (self.is_stale and _lacks_file(error)):
                raise
            self.look()
            self.narration.notice("files of the store were replaced meanwhile: looked at it anew")
            with self._progress(self.session):
                return self.session.execute(statement, {})

    def run_saved(self, name: str, parameters: Mapping[str, str], *, expanded: bool = False) -> None:
        """Runs a saved query in a session of its own, which sees the present store. Raises FlowsqlError."""
        query, _ = self.workspace.library.get(name)
        self.last_sql, self.last_query = query.sql, query
        self._repeat = partial(self._run_saved, name, parameters, expanded=expanded)
        self._repeat()

    def _run_saved(self, name: str, parameters: Mapping[str, str], *, expanded: bool) -> None:
        sessions: list[Session] = []

        def progress() -> float:
            return sessions[-1].progress() if sessions else 0.0

        answers = self.workspace.iterate_run(name, parameters, self.options, on_session=sessions.append)
        with closing(answers):
            with progress_line(progress, wanted=self.terminal):
                result = next(answers)
            self._finish(result, expanded=expanded)

    @contextmanager
    def _progress(self, session: Session) -> Iterator[None]:
        with progress_line(session.progress, wanted=self.terminal):
            yield

    def _finish(self, result: Result, *, expanded: bool) -> None:
        """Shows the result and the time that it took; then the session is free for the next statement."""
        started = time.monotonic()
        try:
            if result.has_rows:
                shown = self.each_result(result) if self.each_result else result
                if shown is None:
                    self.narration.notice("nothing new")
                else:
                    self.last_answer = self.display.show(shown, self.options, expanded=expanded)
        finally:
            if isinstance(result.batches, Iterator):
                getattr(result.batches, "close", lambda: None)()
            self.last_elapsed_s = result.elapsed_s
        if self.settings.timer:
            shown_s = time.monotonic() - started
            self.narration.notice(f"{result.elapsed_s:.3f} s, shown in {shown_s:.3f} s")

    def run_file(self, path: Path) -> int:
        """Runs the inputs in a file; the exit code they mean. Raises UsageError if it is unreadable."""
        if self._depth >= _DEEPEST:
            raise UsageError("files read each other without end", where=str(path))
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"cannot be read: {reason}", where=str(path)) from error
        self._depth += 1
        try:
            return self.run_lines(text.splitlines(keepends=True), str(path))
        finally:
            self._depth -= 1


def _lacks_file(error: QueryError) -> bool:
    return any(text in error.cause for text in ("No files found", "No such file", "Cannot open file"))

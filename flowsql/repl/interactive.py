"""The prompt: reads inputs from a terminal and lets the shell run them."""

from __future__ import annotations

import gc
import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.shortcuts import CompleteStyle

from flowsql import exit_codes
from flowsql.repl.completion import ShellCompleter
from flowsql.repl.config import Config
from flowsql.repl.coverage import Coverage
from flowsql.repl.highlighting import SqlLexer, has_colours, style
from flowsql.repl.key_bindings import key_bindings
from flowsql.repl.screen import screen_size
from flowsql.repl.toolbar import toolbar

if TYPE_CHECKING:
    from flowsql.repl.shell import Shell

_PROMPT, _MORE = "flowsql> ", "      -> "
_MENU_LINES = 8
# In what `termios.tcgetattr` gives.
_LOCAL_MODES = 3


def interact(shell: Shell, config: Config) -> int:
    """Prompts until the user leaves; the exit code, which the user's errors do not change."""
    # Little garbage at a time, and never all objects of all imports: no key waits for that.
    gc.freeze()
    gc.set_threshold(1_000, 10, 10)
    history = _history(shell, config.history_path)
    prompt = _prompt_session(shell, config, history)
    shell.history = lambda: reversed(list(history.load_history_strings()))
    shell.ask = _asked
    coverage = Coverage(shell)
    coverage.on_read = prompt.app.invalidate

    def on_names() -> None:
        prompt.app.invalidate()
        coverage.catch_up()

    shell.names.on_read = on_names
    with _unechoed():
        shell.run_lines(config.startup, "startup")
        while not shell.is_over:
            shell.names.catch_up()
            draft, shell.draft = shell.draft, ""
            try:
                text = prompt.prompt(default=draft, reserve_space_for_menu=_menu_lines())
                with shell.lock:
                    shell.run_typed(text)
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
    coverage.stop()
    return exit_codes.DONE


def _menu_lines() -> int:
    """Lines that are kept free for the menu, fewer in a low window."""
    return max(0, min(_MENU_LINES, screen_size().lines - 4))


@contextmanager
def _unechoed() -> Iterator[None]:
    """While entered, keys pressed during a statement, Ctrl-C too, are not written into its answer.

    The next prompt has them.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[_LOCAL_MODES] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _prompt_session(shell: Shell, config: Config, history: History) -> PromptSession[str]:
    return PromptSession(
        [("class:prompt", _PROMPT)],
        multiline=True,
        prompt_continuation=[("class:prompt.more", _MORE)],
        lexer=SqlLexer(),
        style=style(),
        color_depth=None if has_colours() else ColorDepth.DEPTH_1_BIT,
        include_default_pygments_style=False,
        completer=ShellCompleter(lambda: shell.names.vocabulary, shell.columns_of_answer),
        complete_while_typing=True,
        # In place: it takes 2 ms, and handing it to a thread and back takes longer.
        complete_in_thread=False,
        complete_style=CompleteStyle.COLUMN,
        auto_suggest=AutoSuggestFromHistory() if config.suggestions else None,
        editing_mode=EditingMode.VI if config.keys == "vi" else EditingMode.EMACS,
        cursor=ModalCursorShapeConfig() if config.keys == "vi" else None,
        enable_open_in_editor=True,
        enable_suspend=True,
        tempfile_suffix=".sql",
        mouse_support=config.mouse,
        key_bindings=key_bindings(),
        bottom_toolbar=lambda: toolbar(shell),
        history=history,
    )


def _history(shell: Shell, path: Path) -> History:
    """The history file, which only its user may read: statements may hold addresses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        shell.narration.notice(f"no history is kept: {path}: {error.strerror}")
        return InMemoryHistory()
    return FileHistory(str(path))


def _asked(question: str) -> str:
    return PromptSession[str](history=InMemoryHistory()).prompt(question)

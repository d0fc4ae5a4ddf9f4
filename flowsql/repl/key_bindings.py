"""Keys beside those of the editing mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.filters import completion_is_selected, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from flowsql.repl.inputs import is_complete

if TYPE_CHECKING:
    from prompt_toolkit.filters import Filter

_PROMPT: Filter = has_focus("DEFAULT_BUFFER")


def key_bindings() -> KeyBindings:
    """Enter runs what is complete and else begins a line; Escape Enter runs whatever is there."""
    bindings = KeyBindings()

    @bindings.add("enter", filter=_PROMPT & completion_is_selected)
    def take(event: KeyPressEvent) -> None:
        """What is selected in the menu is taken over; the statement is not run yet."""
        event.current_buffer.complete_state = None

    @bindings.add("enter", filter=_PROMPT & ~completion_is_selected)
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    @bindings.add("escape", "enter", filter=_PROMPT)
    def run(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return bindings

"""A group of commands that lists what it is about when none of them is named."""

from typing import Any

from typer.core import TyperGroup


class ListByDefault(TyperGroup):
    """Without a command, `list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with `list` before them where no command stands."""
        is_list = not args or (args[0].startswith("-") and args[0] not in ("-h", "--help"))
        return super().parse_args(ctx, ["list", *args] if is_list else args)

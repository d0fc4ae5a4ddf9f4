"""JSON text of any size -> its values, one after the other, in bounded memory.

Values may stand alone, on lines, side by side without anything between them, or in lists. One that is larger
than can be looked at in one piece, or that is broken, is entered: what is in it is looked at by itself.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

# A value of up to so many characters is decoded as a whole. The largest that AWS sends has about a third of
# them, a subscription's batch of events in base64:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_WHOLE = 1 << 22
# Values within values deeper than this are the remains of broken ones.
_DEEP = 32
_BLANKS = re.compile(r"[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:")
_SEPARATORS = re.compile(r"[ \t\r\n,]*")
_BYTE_ORDER_MARK = "\ufeff"
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Broken:
    """Text that is no JSON; `is_last` if nothing comes after it, so that it may only be unfinished."""

    text: str
    is_last: bool


@dataclass(slots=True)
class _Entered:
    """A list or object that is looked at member by member.

    All members are wanted of a list that is wanted itself, and of what is broken, where a lost bracket may
    have made members of values beside it. An object is `of_use` when it had a list to enter it for.
    """

    is_list: bool
    is_wanted: bool
    of_use: bool


def json_values(chunks: Iterable[bytes], lists: Collection[str]) -> Iterator[Any]:
    """The values in JSON text, and a Broken for each stretch of text that is none.

    Of an object that cannot be decoded as a whole only its members under the names in `lists` come out, each
    alone in an object of its own or, if that cannot be decoded either, member by member.
    """
    return _Reader(chunks, lists).values()


class _Reader:
    def __init__(self, chunks: Iterable[bytes], lists: Collection[str]) -> None:
        self._text = _Window(chunks)
        self._lists = lists
        self._entered: list[_Entered] = []
        self._is_sound = True

    def values(self) -> Iterator[Any]:
        text = self._text
        while char := text.skip(_SEPARATORS):
            if char in "]}":
                yield from self._left()
            elif self._entered and not self._entered[-1].is_list:
                yield from self._member(char)
            elif self._entered or char in "{[":
                yield from self._value("", is_wanted=not self._entered or self._entered[-1].is_wanted)
            else:
                yield self._broken()
        if self._entered and self._is_sound:
            yield Broken("", is_last=True)

    def _left(self) -> Iterator[Broken]:
        """Behind a closing bracket; one that closes nothing is what remains of something broken."""
        self._text.position += 1
        if self._entered and not self._entered.pop().of_use:
            yield Broken("", is_last=False)

    def _member(self, char: str) -> Iterator[Any]:
        """A member of an entered object, which begins with `char`."""
        text = self._text
        name = text.name() if char == '"' else None
        if name is None:
            self._entered.pop()
            if char not in "{[" or text.opened_at >= 0:
                yield self._broken()
            return
        is_object = text.skip(_BLANKS) in ("{", "[")
        yield from self._value(name, is_wanted=is_object and self._entered[-1].is_wanted)

    def _value(self, name: str, *, is_wanted: bool) -> Iterator[Any]:
        """The value at the present place; under a name in `lists`, as the only member of an object."""
        text = self._text
        opening = text.peek()
        is_named = name in self._lists
        if is_named:
            self._entered[-1].of_use = True
        found, value = text.decode()
        if found:
            if is_named or is_wanted:
                text.opened_at = -1
                yield {name: value} if is_named else value
        elif isinstance(value, RecursionError):
            yield self._broken(until="\n")
        elif opening in ("{", "["):
            if len(self._entered) >= _DEEP:
                self._entered.clear()
            is_list, is_broken = opening == "[", not text.may_go_on(value)
            is_wanted = is_broken or (is_list and (is_named or is_wanted))
            self._entered.append(_Entered(is_list, is_wanted, of_use=is_list or is_broken))
            text.enter()
        else:
            if name:
                self._entered.pop()
            yield self._broken()

    def _broken(self, until: str = "{") -> Broken:
        self._is_sound = False
        return self._text.broken(until)


class _Window:
    """The part of the text that is looked at: from `position` on at least _WHOLE characters, or all."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""
        self._is_all = False
        self.position = 0
        self.opened_at = -1  # the bracket entered last, as long as nothing in it was of use
        self._fill()
        if self._held.startswith(_BYTE_ORDER_MARK):
            self.position = 1

    def peek(self) -> str:
        """The character at the position; '' at the end."""
        return self._held[self.position : self.position + 1]

    def skip(self, blanks: re.Pattern[str]) -> str:
        """Moves behind the blanks; returns the character there, '' at the end."""
        while True:
            if len(self._held) - self.position < _WHOLE and not self._is_all:
                self._fill()
            match = blanks.match(self._held, self.position)
            self.position = match.end() if match else self.position
            if self.position < len(self._held) or self._is_all:
                return self.peek()

    def decode(self) -> tuple[bool, Any]:
        """(True, the value here), moving behind it; (False, the error) if none is whole here."""
        try:
            value, self.position = _decode(self._held, self.position)
        except (ValueError, RecursionError) as error:  # ValueError: also of endless integers
            return False, error
        return True, value

    def may_go_on(self, error: ValueError) -> bool:
        """Whether what is wrong with the value here may be no more than that it ends beyond what is held."""
        if self._is_all or not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos >= len(self._held) - 1 or error.msg.startswith("Unterminated string")

    def name(self) -> str | None:
        """The name of a member, moving behind its colon; None if there is none, not moving."""
        at = self.position
        found, name = self.decode()
        colon = _COLON.match(self._held, self.position) if found else None
        self.position = colon.end() if colon else at
        return str(name) if colon else None

    def enter(self) -> None:
        """Moves behind an opening bracket."""
        self.opened_at = self.position
        self.position += 1

    def broken(self, until: str) -> Broken:
        """The text from the bracket entered last, or from here, to where the next object may begin."""
        start = self.opened_at if self.opened_at >= 0 else self.position
        end = self._held.find(until, max(self.position, start + 1))
        if end < 0:
            end = len(self._held)
        self.position, self.opened_at = end, -1
        return Broken(self._held[start:end], is_last=self._is_all and end == len(self._held))

    def _fill(self) -> None:
        """Reads on, and lets go of what lies before the position."""
        pieces = [self._held[self.position :]]
        size = len(pieces[0])
        while size < 2 * _WHOLE and not self._is_all:
            chunk = next(self._chunks, None)
            self._is_all = chunk is None
            pieces.append(self._decoder.decode(chunk or b"", self._is_all))
            size += len(pieces[-1])
        self._held = "".join(pieces)
        self.position, self.opened_at = 0, -1

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from flowsql.errors import Interrupted, StoreError
from flowsql.exit_codes import INTERRUPTED, of_error
from flowsql.interrupts import Interrupts


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_first_one_is_only_noted() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        assert not interrupts.requested
        press()
        assert interrupts.requested
    assert signal.getsignal(signal.SIGINT) is before
    assert of_error(interrupts.error()) == INTERRUPTED
    assert "the same command again" in interrupts.error().remedy


def test_second_one_interrupts_at_once() -> None:
    def insist() -> None:
        with Interrupts():
            press()
            press()

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted):
        insist()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("presses", "raised", "expected"),
    [
        (1, RuntimeError("Query interrupted"), RuntimeError),
        (2, RuntimeError("Query interrupted"), Interrupted),
        (2, StoreError("its disk is full"), StoreError),
    ],
)
def test_errors_made_of_a_second_one(presses: int, raised: Exception, expected: type[Exception]) -> None:
    """Libraries swallow the KeyboardInterrupt and raise what they like."""

    def swallow() -> None:
        with Interrupts():
            try:
                for _ in range(presses):
                    press()
            except KeyboardInterrupt:
                pass
            raise raised

    with pytest.raises(expected):
        swallow()


def in_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with Interrupts() as interrupts:
            seen.append((interrupts.requested, signal.getsignal(signal.SIGINT) is before))

    in_thread(work)
    assert seen == [(False, True)]

"""Work that is done ahead in another thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import torch

from audit.threads import ahead, one_torch_thread


def test_items_keep_their_order_and_come_from_one_other_thread() -> None:
    makers = set()

    def items() -> Iterator[int | None]:
        for number in range(50):
            makers.add(threading.current_thread())
            yield number
            yield None

    assert list(ahead(items())) == [item for number in range(50) for item in (number, None)]
    assert len(makers) == 1
    (maker,) = makers
    assert maker is not threading.current_thread()
    assert not maker.is_alive()


def test_one_item_is_made_ahead_and_no_more() -> None:
    made: list[int] = []
    second = threading.Event()

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            if number == 1:
                second.set()
            yield number

    with closing(ahead(items())) as coming:
        assert next(coming) == 0
        assert second.wait(10)  # while the first is in use
    assert made == [0, 1]


def test_an_error_comes_in_the_place_of_its_item() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise KeyError("third")

    coming = ahead(items())
    assert [next(coming), next(coming)] == [1, 2]
    with pytest.raises(KeyError, match="third"):
        next(coming)


def test_an_interruption_ends_the_other_thread() -> None:
    makers = []

    def items() -> Iterator[int]:
        for number in range(1000):
            makers.append(threading.current_thread())
            yield number

    def interrupted() -> None:
        with closing(ahead(items())) as coming:
            next(coming)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not makers[0].is_alive()
    assert len(makers) <= 2


def test_torch_keeps_to_one_thread_there_too() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_torch_thread():
            assert list(ahead(torch.get_num_threads() for _ in range(2))) == [1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)

"""A library call that reports through callbacks becomes a stream."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bnnbench.solver.contract import Batch
from bnnbench.solver.stream import stream_of


def batch(value):
    return Batch(np.full((1, 1), value, dtype=np.int8))


def test_batches_come_in_order_and_the_call_waits_for_the_consumer():
    progress = []

    def call(emit):
        for value in range(3):
            progress.append(value)
            emit(batch(value))

    seen = []
    for item in stream_of(call):
        seen.append(int(item.bits[0, 0]))
        assert progress == seen, "the call goes on only when the next batch is asked for"
    assert seen == [0, 1, 2]


def test_closing_the_stream_ends_the_call_and_its_thread():
    before = threading.active_count()

    def call(emit):
        while True:
            emit(batch(1))

    stream = stream_of(call)
    next(stream)
    stream.close()
    assert threading.active_count() == before


def test_a_call_that_swallows_the_end_once_is_told_again():
    told = []

    def call(emit):
        for _ in range(5):
            try:
                emit(batch(1))
            except Exception as error:  # noqa: BLE001  what a careless library does
                told.append(type(error).__name__)

    stream = stream_of(call)
    next(stream)
    stream.close()
    assert told == ["StreamClosed"] * 5


def test_what_the_call_raises_is_raised_to_the_consumer():
    def call(emit):
        emit(batch(1))
        raise ValueError("seven")

    stream = stream_of(call)
    next(stream)
    with pytest.raises(ValueError, match="seven"):
        next(stream)


def test_a_call_without_batches_is_an_empty_stream():
    assert list(stream_of(lambda emit: None)) == []

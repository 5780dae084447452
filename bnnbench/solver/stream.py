"""Turn a library call that reports through callbacks into a stream of batches."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from bnnbench.solver.contract import Batch


class StreamClosed(Exception):  # noqa: N818  not an error: it ends a library call from inside
    """Raised by `emit` when nobody wants more batches."""


_GO_ON, _STOP = True, False


def stream_of(call: Callable[[Callable[[Batch], None]], None]) -> Iterator[Batch]:
    """Run ``call(emit)`` in a thread and yield what it emits.

    `emit` hands a batch over and waits until the next one is asked for, so that the call's work stands still while a
    batch is judged. Once the stream is closed it raises `StreamClosed`, which the call should let pass, or turn into
    its library's way to stop. What the call raises is raised here.
    """
    # Rendezvous: one side of the handshake carries batches, the other permission to go on.
    batches: queue.Queue[Batch | BaseException | None] = queue.Queue()
    permits: queue.Queue[bool] = queue.Queue()

    def emit(batch: Batch) -> None:
        batches.put(batch)
        if not permits.get():
            permits.put(_STOP)  # for every later call, in case the library swallows the first
            raise StreamClosed

    def work() -> None:
        try:
            if permits.get():
                call(emit)
        except StreamClosed:
            pass
        except BaseException as error:  # noqa: BLE001  handed to the consumer, who raises it
            batches.put(error)
            return
        batches.put(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            permits.put(_GO_ON)
            item = batches.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        permits.put(_STOP)
        thread.join()

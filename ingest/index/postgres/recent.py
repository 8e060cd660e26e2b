"""The last few things read from the database, so that what follows in the same question needs no further query."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The `most` values that were put last, by their keys. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()

    def put(self, values: Mapping[K, V]) -> None:
        """Keep values; the oldest go."""
        with self._lock:
            for key, value in values.items():
                self._values[key] = value
                self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def find(self, keys: Iterable[K]) -> dict[K, V]:
        """Those of the values with these keys that are kept."""
        with self._lock:
            return {key: self._values[key] for key in keys if key in self._values}

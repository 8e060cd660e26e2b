"""The rows of a generation, as a search counts them, and the ids of its chunks in the database. Pure; numpy only.

Rows count the chunks of a generation in the order of its pages' addresses, as they do in an index of files. The
chunks of a page have consecutive ids, so a mapping of the pages is enough for all chunks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PageRows:
    """The pages of a generation in the order of their addresses; arrays have an entry for each page."""

    pages: NDArray[np.int32]
    """Ids of the pages."""
    first_ids: Ids
    """The id of each page's first chunk."""
    counts: NDArray[np.int32]
    """How many chunks each page has."""
    urls: Sequence[str]

    @classmethod
    def of(cls, rows: Sequence[tuple[Any, ...]]) -> "PageRows":
        """From rows (id, first chunk, chunks, url)."""
        return cls(
            np.array([row[0] for row in rows], dtype=np.int32),
            np.array([row[1] for row in rows], dtype=np.int64),
            np.array([row[2] for row in rows], dtype=np.int32),
            [str(row[3]) for row in rows],
        )

    @cached_property
    def starts(self) -> Ids:
        """The row of each page's first chunk, and behind them the number of all chunks."""
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.counts, dtype=np.int64)])

    @property
    def total(self) -> int:
        """How many chunks there are."""
        return int(self.starts[-1])

    @cached_property
    def page_of(self) -> NDArray[np.int32]:
        """The place of the page of each chunk: int32[chunks]."""
        return np.repeat(np.arange(len(self.pages), dtype=np.int32), self.counts)

    @cached_property
    def _by_id(self) -> NDArray[np.int64]:
        """Places of the pages in the order of their ids; of equal first ids, the page without chunks comes first."""
        return np.lexsort((self.counts, self.first_ids))

    @cached_property
    def _page_places(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        order = np.argsort(self.pages)
        return self.pages[order], order

    def places_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """The places of the pages of the chunks at these rows."""
        return np.asarray(self.starts.searchsorted(np.asarray(rows, dtype=np.int64), side="right") - 1)

    def ids(self, rows: Sequence[int]) -> list[int]:
        """The ids of the chunks at these rows."""
        wanted, places = np.asarray(rows, dtype=np.int64), self.places_of(rows)
        return [int(chunk) for chunk in self.first_ids[places] + wanted - self.starts[places]]

    def rows(self, ids: Ids) -> NDArray[np.int64]:
        """The rows of the chunks with these ids, which are all of this generation."""
        order = self._by_id
        places = order[self.first_ids[order].searchsorted(ids, side="right") - 1]
        return np.asarray(self.starts[places] + ids - self.first_ids[places])

    def places(self, pages: NDArray[np.int32]) -> NDArray[np.int64]:
        """The places of these pages, given by their ids."""
        ordered, places = self._page_places
        return np.asarray(places[ordered.searchsorted(pages)])


@dataclass(frozen=True, slots=True)
class Visible:
    """Which rows of the shared tables are of a generation, as an SQL condition on the column `page`.

    Pages of later generations have larger ids; `gone` are those between that are not, or no longer, of this one.
    """

    least: int
    most: int
    gone: Sequence[int]

    def condition(self, alias: str) -> str:
        """The condition for a table; its values are those of `values`."""
        between = f"{alias}.page BETWEEN %(least)s AND %(most)s"
        return f"{between} AND {alias}.page <> ALL(%(gone)s::integer[])" if self.gone else between

    @property
    def values(self) -> dict[str, Any]:
        """The values of the condition."""
        return {"least": self.least, "most": self.most, "gone": list(self.gone)}

"""What a run may cost: a meter that ends it before an answer that might cost more than what is left."""

import threading

from ingest.core.errors import DocsError


class BudgetSpent(DocsError):
    """The next answer could cost more than what is left of the budget."""

    code = "budget"


class Meter:
    """Adds up what answers cost, and says whether the next one fits into the budget (None: any fits)."""

    def __init__(self, budget: float | None) -> None:
        self._budget, self._largest, self._running = budget, 0.0, 0
        self._lock = threading.Lock()
        self.spent = 0.0
        self.is_over = False

    def begin(self) -> None:
        """Reserve the price of the dearest answer so far. Raises BudgetSpent where it does not fit."""
        with self._lock:
            if self._budget is not None:
                expected = self.spent + (self._running + 1) * self._largest
                if self.is_over or expected > self._budget or (self.spent >= self._budget > 0) or self._budget == 0:
                    self.is_over = True
                    raise BudgetSpent(f"the budget of ${self._budget:g} is used up", "run the same command again")
            self._running += 1

    def end(self, cost: float) -> None:
        """Count what an answer cost."""
        with self._lock:
            self._running -= 1
            self.spent += cost
            self._largest = max(self._largest, cost)

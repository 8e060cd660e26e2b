"""The protocol of checks of support, and the one that needs no other model. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rag.records import Completion, Hit
from rag.verify.support import has_figures, supported
from rag.verify.token_reader import ENCODED, TokenReader


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, without its marks, and the passages that it cites."""

    text: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Whether each claim is supported, in their order, and the request that it took; None if it took none."""

    supported: tuple[bool, ...]
    completion: Completion | None = None


class SupportCheck(Protocol):
    """Decides which claims the passages that they cite support."""

    at_once: bool
    """Whether it wants all claims of an answer together: then nothing is shown before the answer is written."""

    def decide(self, claims: Sequence[Claim]) -> Verdicts:
        """Decide on claims. Raises ModelError."""


@dataclass(frozen=True, slots=True)
class BundledCheck:
    """Decides by rules and the bundled model, without the network."""

    tokens: TokenReader = ENCODED
    at_once = False

    def decide(self, claims: Sequence[Claim]) -> Verdicts:
        """Decide on claims. Raises IndexDamaged."""
        return Verdicts(tuple(supported(claim.text, claim.hits, self.tokens) for claim in claims))


BUNDLED_CHECK: Final = BundledCheck()
"""Encodes each passage that it compares."""


def is_certainly_unsupported(claim: Claim) -> bool:
    """Whether no judge needs to be asked: a claim without passages, or with a figure or identifier that none has."""
    return not claim.hits or not has_figures(claim.text, claim.hits)

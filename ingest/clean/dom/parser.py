"""HTML -> tree: Beautiful Soup's tree, built by lxml's parser in less time, and never deeper than a limit."""

from typing import Final

from bs4 import BeautifulSoup
from bs4.builder._lxml import LXMLTreeBuilder  # bs4.builder gets the name at run time, which type checkers don't see

from ingest.clean.dom.lookups import BLOCK_TAGS

MAX_TREE_DEPTH: Final = 256
"""Elements within each other. Of deeper ones the text stays: browsers cut at 512, real pages nest below 100."""


_Namespaces = dict[str, str]
_NO_NAMESPACES: Final[_Namespaces] = {}


class _Builder(LXMLTreeBuilder):
    """Builds the tree without the bookkeeping of XML namespaces, which costs a fifth of the parse.

    HTML has no namespaces. The parser closes what is open in order, so elements beyond the limit need only be counted.
    """

    beyond = 0

    def start(
        self, tag: str | bytes, attrib: dict[str | bytes, str | bytes], nsmap: _Namespaces = _NO_NAMESPACES
    ) -> None:
        """Receive the beginning of an element from the parser."""
        if nsmap:
            super().start(tag, attrib, nsmap)
            return
        soup, name = self.soup, str(tag)
        if soup is None or self.beyond or len(soup.tagStack) >= MAX_TREE_DEPTH:
            self.beyond += 1
            self._separate(name)
            return
        soup.handle_starttag(name, None, None, self.attribute_dict_class(attrib), namespaces=_NO_NAMESPACES)

    def end(self, tag: str | bytes) -> None:
        """Receive the end of an element from the parser."""
        if self.beyond:
            self.beyond -= 1
            self._separate(str(tag))
        elif len(self.nsmaps) > 1 or self.soup is None:
            super().end(tag)
        else:
            self.soup.handle_endtag(str(tag))

    def _separate(self, name: str) -> None:
        """Keep the words of two blocks apart that become one text."""
        if self.soup is not None and name in BLOCK_TAGS:
            self.soup.handle_data("\n")


def parse(text: str) -> BeautifulSoup:
    """Parse a page. Class attributes stay one string: splitting each of them costs a tenth of the parse."""
    return BeautifulSoup(text, builder=_Builder, multi_valued_attributes=None)

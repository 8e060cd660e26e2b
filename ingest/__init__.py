"""discover -> fetch -> clean -> markdown_docs/ -> chunk -> embed -> index."""

"""`python -m cli` is `askdocs`."""

from cli.start import askdocs

askdocs()

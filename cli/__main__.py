"""`python -m cli` is `askdocs`."""

from cli.main import run

run()

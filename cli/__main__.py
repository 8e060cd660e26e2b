"""`python -m cli` is `askdocs`."""

from cli.start import askdocs

if __name__ == "__main__":  # processes that embed import this file as well
    askdocs()

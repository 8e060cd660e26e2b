"""Describe why a path is unusable: missing, a file where a folder is needed, not creatable, empty."""

from pathlib import Path


def folder_problem(path: Path, what: str) -> str:
    """Say why `path` can't be read as the folder of `what` (as in "docs folder"); "" when it can."""
    if path.is_dir():
        return ""
    if path.exists():
        return f"{path} is a file, not {_article(what)} {what}"
    return file_among_parents(path) or f"there is no {what} at {path}"


def file_among_parents(path: Path) -> str:
    """Say which parent of `path` is a file, so that no folder can be created there; "" when none is."""
    for parent in path.parents:
        if parent.exists():
            return "" if parent.is_dir() else f"{parent} is a file, so there can be no folder {path}"
    return ""


def create_problem(path: Path, what: str, error: OSError) -> str:
    """Say why the folder of `what` could not be created or opened at `path`."""
    if path.is_file():
        return f"{path} is a file, not {_article(what)} {what}"
    return file_among_parents(path) or f"the {what} {path} can't be created: {error.strerror}"


def is_empty(folder: Path) -> bool:
    """Whether a folder contains nothing at all."""
    return next(folder.iterdir(), None) is None


def file_problem(path: Path, error: OSError) -> str:
    """Say why `path` can't be read as a file."""
    if path.is_dir():
        return f"{path} is a folder, not a file"
    return f"there is no file {path}" if not path.exists() else f"{path} can't be read: {error.strerror}"


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"

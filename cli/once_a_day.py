"""Notes that a person needs to read once a day, not with every command."""

from datetime import UTC, datetime

from ingest.core.settings import state_folder


def is_first_today(note: str) -> bool:
    """Whether a note was not shown today yet; asking counts as showing. True where nothing can be remembered."""
    today = datetime.now(UTC).date().isoformat()
    file = state_folder() / "notes" / note
    try:
        if file.is_file() and file.read_text(encoding="utf-8") == today:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(today, encoding="utf-8")
    except (OSError, ValueError):
        return True
    return True

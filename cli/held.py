"""Say that another run is at work before all is imported that a run needs."""

import os
from collections.abc import Mapping
from pathlib import Path

from ingest.holder import refuse_while_held
from ingest.settings import load_settings


def refuse_second_run(values: Mapping[str, object]) -> None:
    """Raise IndexLocked while another process writes the index that these options name; UsageError for wrong ones."""
    refuse_while_held(load_settings(values, os.environ, Path.cwd()).index)

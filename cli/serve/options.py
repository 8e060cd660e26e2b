"""The operator's options for `askdocs serve`."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from ingest.core.errors import UsageError
from ingest.core.paths import file_problem

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """`origins` are the sites that may embed the widget, such as https://docs.example.org.

    `hosts` are names that clients may call the server by, next to loopback's and `host`. `budget_usd` is what
    questions may cost a day, None for no cap. `per_minute` is a limit for each client address. `workers` is how many
    processes search and quote, None for one a core.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    budget_usd: float | None = None
    budget_tokens: int | None = None
    model_calls: int = 4
    searches: int = 2
    workers: int | None = None
    per_minute: int = 120
    log: Path | None = None
    questions: Path | None = None
    use_model: bool = True
    judge: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_options(options: ServeOptions) -> None:
    """Raise UsageError for a server that anybody could reach, origins that are not origins, and a missing file."""
    if not options.is_loopback and not options.token:
        raise UsageError(
            f"{options.host} can be reached from other machines, and there is no token",
            "set ASKDOCS_SERVE_TOKEN to a long random word, or leave out --host",
        )
    if options.token and len(options.token) < 16:
        raise UsageError("the token is shorter than 16 characters", "make one: openssl rand -hex 24")
    for origin in options.origins:
        scheme, _, rest = origin.partition("://")
        if scheme not in ("http", "https") or not rest or "/" in rest or "*" in rest:
            raise UsageError(f"{origin} is not an origin", "name it as https://docs.example.org, without a path or *")
    if options.questions is not None:
        try:
            options.questions.open("rb").close()
        except OSError as error:
            hint = "name a file with a question a line, or leave out --examples"
            raise UsageError(file_problem(options.questions, error), hint) from error

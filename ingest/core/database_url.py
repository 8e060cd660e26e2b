"""The address of an index in a Postgres database, parsed here so that no library prints its password. Pure.

    postgres://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME&sslmode=verify-full

Everything but `schema` is as PostgreSQL's libpq reads it (section 32.1.1.2 of its manual): several hosts by comma, a
socket folder as `?host=/run/postgresql`, further parameters behind the question mark. What is not given comes from
PGHOST, PGUSER, PGPASSWORD, ~/.pgpass and their like.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

SCHEMES: Final = ("postgres://", "postgresql://")
DEFAULT_SCHEMA: Final = "askdocs"
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_SECRET: Final = frozenset({"password", "sslpassword", "oauth_client_secret"})
_PORT: Final = re.compile(r"\d{1,5}")


class DatabaseUrl:
    """Where in which database an index is. Its text and its repr have no password."""

    __slots__ = ("_parameters", "schema", "shown")

    def __init__(self, text: str) -> None:
        """Parse an address. Raises ValueError, whose message has no part of the address."""
        scheme = next((scheme for scheme in SCHEMES if text.lower().startswith(scheme)), "")
        if not scheme:
            message = f"takes an address that begins with {SCHEMES[0]}"
            raise ValueError(message)
        rest, _, query = text[len(scheme) :].partition("?")
        server, _, database = rest.partition("/")
        login, _, hosts = server.rpartition("@")
        user, _, password = login.partition(":")
        given = {name: value for name, value in parse_qsl(query, keep_blank_values=True) if value}
        self.schema = given.pop("schema", DEFAULT_SCHEMA)
        """The schema whose tables are the index: one database may have many indexes."""
        if not _SCHEMA.fullmatch(self.schema):
            message = "takes a schema of small letters, digits and _ (at most 40)"
            raise ValueError(message)
        fields = {"user": unquote(user), "password": unquote(password), "dbname": unquote(database)}
        parameters = {**_hosts(hosts), **{name: value for name, value in fields.items() if value}, **given}
        self._parameters = parameters
        self.shown = _shown(parameters, self.schema)
        """The address without its password."""

    def parameters(self) -> Mapping[str, str]:
        """The parameters of a connection, the password among them: for the driver alone."""
        return dict(self._parameters)

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.shown!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DatabaseUrl):
            return NotImplemented
        return (self._parameters, self.schema) == (other._parameters, other.schema)

    def __hash__(self) -> int:
        return hash((tuple(sorted(self._parameters.items())), self.schema))


IndexAddress = Path | DatabaseUrl
"""Where an index is: a folder, or a schema of a database."""


def is_database(text: str) -> bool:
    """Whether a text is meant as the address of a database."""
    return text.lower().startswith(SCHEMES)


def without_password(text: str) -> str:
    """The same address without a password; "" where it can't be parsed."""
    try:
        return DatabaseUrl(text).shown
    except ValueError:
        return ""


def _hosts(text: str) -> dict[str, str]:
    """`host` and `port` of `a:1,b:2`, as libpq takes several. Raises ValueError."""
    hosts: list[str] = []
    ports: list[str] = []
    for one in filter(None, text.split(",")):
        if one.startswith("["):
            host, _, port = one[1:].partition("]")
            port = port.removeprefix(":")
        else:
            host, _, port = one.partition(":")
        if port and not _PORT.fullmatch(port):
            message = "has a port that is not a number; special characters of a password are written as %XX"
            raise ValueError(message)
        hosts.append(unquote(host))
        ports.append(port)
    found = {"host": ",".join(hosts), "port": ",".join(ports)}
    return {name: value for name, value in found.items() if value.strip(",")}


def _shown(parameters: Mapping[str, str], schema: str) -> str:
    """An address of these parameters that can be used again, once a password comes from elsewhere."""
    own = ("host", "port", "user", "dbname")
    hosts, ports = parameters.get("host", "").split(","), parameters.get("port", "").split(",")
    query = {name: value for name, value in parameters.items() if name not in own and name not in _SECRET}
    if hosts[0].startswith("/"):
        query |= {"host": ",".join(hosts)} | ({"port": ",".join(ports)} if any(ports) else {})
        hosts = []
    ports += [ports[-1]] * (len(hosts) - len(ports))
    named = [
        (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        for host, port in zip(hosts, ports, strict=False)
    ]
    if schema != DEFAULT_SCHEMA:
        query["schema"] = schema
    login = f"{quote(parameters['user'])}@" if "user" in parameters else ""
    tail = f"?{urlencode(query, safe='/,')}" if query else ""
    return f"postgres://{login}{','.join(named)}/{quote(parameters.get('dbname', ''))}{tail}"

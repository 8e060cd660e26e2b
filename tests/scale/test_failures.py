"""What goes wrong with a database: no server, no rights, a cut connection. One line and a hint, never a password."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from ingest.core.database_url import DatabaseUrl
from ingest.core.settings import load_settings
from rag.open import LiveAssistant, open_assistant
from tests.conftest import CommandLine

SECRET = "hunter2-XYZZY"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgres://docs:{}@127.0.0.1:1/docs", "does not answer"),
        ("postgres://docs:{}@nowhere.invalid/docs?connect_timeout=2", "does not answer"),
        ("postgres://docs:a/{}@127.0.0.1:1/docs", "a port that is not a number"),
        ("postgres://docs:{}@127.0.0.1:1/docs?schema=A-B", "a schema of small letters"),
        ("postgres://127.0.0.1:1/docs?password={}", "does not answer"),
        ("postgres://docs:{}@127.0.0.1:1/docs?sslmode=perhaps", "sslmode"),
        ("postgres://docs:{}@127.0.0.1:1/docs?nonsense=1", "nonsense"),
    ],
)
def test_a_database_that_can_not_be_reached_is_one_line_without_the_password(
    askdocs: CommandLine, address: str, said: str
) -> None:
    pytest.importorskip("psycopg")
    for arguments in (("ask", "--no-llm", "why?"), ("reindex", "--no-crawl", "-vv"), ("doctor",), ("status", "--json")):
        given = askdocs(*arguments, "--index", address.format(SECRET))
        assert given.status in (1, 2), given
        assert SECRET not in given.out + given.err
        if arguments[0] in ("ask", "reindex"):
            assert said in given.err
            assert [line.partition(":")[0] for line in given.err.splitlines()[-2:]] == ["error", "hint"]


def test_the_settings_show_the_address_without_its_password(askdocs: CommandLine) -> None:
    shown = load_settings({"index": f"postgres://u:{SECRET}@h/d?sslmode=require"}, {}, askdocs.cwd).index
    assert str(shown) == "postgres://u@h/d?sslmode=require"
    assert SECRET not in repr(shown)
    assert isinstance(shown, DatabaseUrl)
    assert shown.parameters()["password"] == SECRET


def test_without_the_extra_the_hint_names_it(askdocs: CommandLine) -> None:
    (askdocs.cwd / "psycopg.py").write_text("raise ImportError('not here')")
    path = f"{askdocs.cwd}:{askdocs.environ['PYTHONPATH']}"
    given = askdocs("ask", "--no-llm", "why?", "--index", "postgres://h/d", PYTHONPATH=path)
    assert "pip install 'askdocs[postgres]'" in given.err


def test_an_empty_database_says_how_to_publish_and_a_question_writes_nothing(
    starter: CommandLine, url: str, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    asked = starter("ask", "--no-llm", "What are model variants?", "--index", url)
    assert asked.status == 1
    assert "hint: publish one: askdocs reindex --index" in asked.err
    assert sql("SELECT to_regnamespace(%s)", url.rpartition("=")[2]) == [(None,)]


def test_a_reader_needs_no_right_but_to_select(
    published: CommandLine, postgres: str, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    url = published.environ["ASKDOCS_INDEX"]
    schema = url.rpartition("=")[2]
    role = f"reader_{schema}"
    sql(f"CREATE ROLE {role} LOGIN")
    sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
    try:
        user = urlsplit(postgres).username
        reading = url.replace(f"//{user}@", f"//{role}@")
        assert published("ask", "--no-llm", "What are model variants?", ASKDOCS_INDEX=reading).status == 0
        refused = published("reindex", "--no-crawl", "--full", ASKDOCS_INDEX=reading)
        assert refused.status == 1
        assert "permission denied" in refused.err
        assert "hint: connect as a role with the right" in refused.err
    finally:
        sql(f"DROP OWNED BY {role}")
        sql(f"DROP ROLE {role}")


def test_a_connection_that_is_cut_between_two_questions_is_replaced(
    published: CommandLine, sql: Callable[..., list[tuple[object, ...]]]
) -> None:
    settings = load_settings({"index": published.environ["ASKDOCS_INDEX"]}, {}, published.cwd)
    opened = open_assistant(settings, use_model=False)
    before = opened.assistant.answer("What are model variants?").text
    cut = sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
    )
    assert cut
    assert opened.assistant.answer("What are model variants?").text == before


def test_a_server_follows_new_generations(published: CommandLine) -> None:
    settings = load_settings(
        {"index": published.environ["ASKDOCS_INDEX"], "docs": published.cwd / "markdown_docs"}, {}, published.cwd
    )
    live = LiveAssistant(settings, use_model=False)
    first = live.current()
    (published.cwd / "markdown_docs" / "openrouter.ai__docs__faq.md").unlink()
    assert published("reindex", "--no-crawl").status == 0
    second = live.current()
    assert second.generation.name != first.generation.name
    assert any("/docs/faq" in chunk.url for chunk in first.store.all_chunks())
    assert not any("/docs/faq" in chunk.url for chunk in second.store.all_chunks())

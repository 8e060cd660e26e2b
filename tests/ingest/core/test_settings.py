import traceback
from pathlib import Path

import pytest

from ingest.core.errors import UsageError
from ingest.core.settings import DEFAULT_BASE_URL, Secret, Settings, load_settings, user_folder

KEY = "sk-or-v1-0123456789abcdef"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg-data"))
    user_folder().mkdir(parents=True)


def load(cwd: Path, options: dict[str, object] | None = None, **environ: str) -> Settings:
    return load_settings(options or {}, environ, cwd)


def test_option_beats_environment_beats_config_beats_default(tmp_path: Path) -> None:
    config = tmp_path / "askdocs.toml"
    assert (load(tmp_path).model[:8], load(tmp_path).origins["model"]) == ("~openai/", "default")
    config.write_text('model = "from-file"\nk = 5\n')
    assert (load(tmp_path).model, load(tmp_path).origins["model"]) == ("from-file", f"config {config}")
    found = load(tmp_path, ASKDOCS_MODEL="from-env")
    assert (found.model, found.origins["model"]) == ("from-env", "environment ASKDOCS_MODEL")
    found = load(tmp_path, {"model": "from-option", "k": None}, ASKDOCS_MODEL="from-env")
    assert (found.model, found.origins["model"], found.k) == ("from-option", "option", 5)
    assert load(tmp_path, ASKDOCS_MODEL="").model == "from-file"


def test_the_working_folder_is_looked_at_before_the_users_own_and_a_named_file_before_both(tmp_path: Path) -> None:
    (user_folder() / "askdocs.toml").write_text("k = 3\nmax_tokens = 30")
    assert load(tmp_path).k == 3
    (tmp_path / "askdocs.toml").write_text("k = 4")
    assert (load(tmp_path).k, load(tmp_path).max_tokens) == (4, 800)
    (tmp_path / "named.toml").write_text("k = 5")
    assert load(tmp_path, ASKDOCS_CONFIG=str(tmp_path / "named.toml")).k == 5
    with pytest.raises(UsageError, match="no config file"):
        load(tmp_path, {"config": tmp_path / "none.toml"})


def test_folders_count_from_where_they_are_named(tmp_path: Path) -> None:
    assert load(tmp_path).docs == tmp_path / "xdg-data" / "askdocs" / "markdown_docs"
    (tmp_path / "markdown_docs").mkdir()
    assert load(tmp_path).docs == tmp_path / "markdown_docs"
    assert load(tmp_path).index == tmp_path / "markdown_docs.index"
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "c.toml").write_text('docs = "pages"')
    found = load(tmp_path, {"config": tmp_path / "conf" / "c.toml"}, ASKDOCS_INDEX="here")
    assert (found.docs, found.index) == (tmp_path / "conf" / "pages", tmp_path / "here")


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('modle = "x"', "unknown key 'modle'", "did you mean model?"),
        ('zzzzz = "x"', "unknown key 'zzzzz'", "known keys: docs, index"),
        ('base_url = "https://evil.example"', "unknown key 'base_url'", ""),
        ('api_key = "x"', "unknown key 'api_key'", ""),
        ("k = 0", "k takes a whole number", "correct k"),
        ("k = 2.5", "k takes a whole number", "correct k"),
        ("k = true", "k takes a whole number", "correct k"),
        ('k = "many"', "k has a value that does not fit", "correct k"),
        ("timeout = nan", "timeout takes a number of seconds", "correct timeout"),
        ('docs = ""', "docs takes a text", "correct docs"),
        ("k = ", "can't be read", "TOML"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(tmp_path: Path, text: str, said: str, hint: str) -> None:
    (tmp_path / "askdocs.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert said in caught.value.message
    assert "askdocs.toml" in caught.value.message
    assert hint in caught.value.hint


def test_no_output_shows_the_key(tmp_path: Path) -> None:
    found = load(tmp_path, OPENROUTER_API_KEY=f" {KEY}\n")
    assert found.api_key.reveal() == KEY
    assert bool(found.api_key)
    assert not load(tmp_path).api_key
    for shown in (repr(found), str(found.api_key), f"{found.api_key!s}", repr(dict(found.origins))):
        assert "0123" not in shown


@pytest.mark.parametrize("wrong", [f"“{KEY}”", f"{KEY} {KEY}", f"{KEY}\nX: y", f"{KEY}\x07"])
def test_a_key_with_stray_characters_is_refused_without_showing_it(wrong: str) -> None:
    secret = Secret(wrong)  # no failure yet: commands that send nothing work with any key
    with pytest.raises(UsageError) as caught:
        secret.reveal()
    assert "0123" not in "".join(traceback.format_exception(caught.value)) + caught.value.hint


def test_the_stored_base_url_goes_with_the_stored_key_only(tmp_path: Path) -> None:
    path = user_folder() / "credentials.toml"
    path.write_text(f'api_key = "{KEY}"\nbase_url = "https://proxy.example/v1/"\n')
    stored = load(tmp_path)
    assert (stored.api_key.reveal(), stored.base_url) == (KEY, "https://proxy.example/v1")
    assert stored.origins["api_key"] == stored.origins["base_url"] == str(path)
    other = load(tmp_path, OPENROUTER_API_KEY="sk-env")
    assert (other.api_key.reveal(), other.base_url, other.origins["base_url"]) == (
        "sk-env",
        DEFAULT_BASE_URL,
        "default",
    )
    named = load(tmp_path, OPENROUTER_BASE_URL="http://localhost:1/v1")
    assert (named.base_url, named.origins["base_url"]) == ("http://localhost:1/v1", "environment OPENROUTER_BASE_URL")
    path.write_text('base_url = "https://proxy.example/v1"\n')
    assert load(tmp_path).base_url == DEFAULT_BASE_URL


def test_credentials_in_the_working_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "credentials.toml").write_text(f'api_key = "{KEY}"')
    assert not load(tmp_path).api_key


def test_at_most_three_models_are_named(tmp_path: Path) -> None:
    assert load(tmp_path, {"model": " a/b , ,c/d,e/f,g/h"}).models == ["a/b", "c/d", "e/f"]

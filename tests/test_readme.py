"""Every command that the README and the rooms' READMEs show is run, every path that they name exists."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import REPOSITORY, STARTER_PAGES, CommandLine, Result, bare_environment
from tests.ingest.crawl.site import Site
from tests.rag.server import KEY, ModelServer, answer

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
ROOMS = ("ingest", "rag", "eval", "cli", "cli/serve")
PAGES = {"README.md": README} | {
    f"{room}/README.md": (REPOSITORY / room / "README.md").read_text(encoding="utf-8") for room in ROOMS
}
COMMANDS = {
    name: [
        line.removeprefix("$ ")
        for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    for name, text in PAGES.items()
}
PAGE = """<html><head><title>{title}</title></head><body><main><h1>{title}</h1>
<h2 id="variants">What are model variants?</h2><p>A model variant is a suffix behind the slug of a model, such as
:free, which changes how a request is routed. It is one of {count} things that this page explains at some length,
so that it has enough text to be taken for a page.</p><p><a href="/docs/faq">FAQ</a></p></main></body></html>"""


@dataclass(frozen=True)
class World:
    """A copy of the starter folder, a website and a model server, for commands that change or call something."""

    command: CommandLine
    site: Site
    model: ModelServer

    def run(self, line: str) -> Result:
        """Run a line of the README as a shell would, with addresses outside replaced by local ones."""
        line = line.replace("https://openrouter.ai/docs", self.site.url("/docs"))
        environ = {"OPENROUTER_BASE_URL": self.model.url}
        if line.startswith("OPENROUTER_API_KEY="):
            environ["OPENROUTER_API_KEY"] = KEY
            line = line.partition(" ")[2]
        line = line.replace("eval/questions/", str(REPOSITORY / "eval" / "questions") + "/")
        shell = re.sub(r"^(ask|askdocs) ", lambda found: f'"$PYTHON" -m cli {"ask " * (found[1] == "ask")}', line)
        done = subprocess.run(
            ["sh", "-c", shell],
            cwd=self.command.cwd,
            env={**self.command.environ, **environ, "PYTHON": sys.executable},
            capture_output=True,
            timeout=300,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def world(starter: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("readme") / "work"
    shutil.copytree(starter.cwd, folder)
    (folder / "question.txt").write_text("What are model variants?\n", encoding="utf-8")
    saved = folder / "saved-pages"
    saved.mkdir()
    for path in sorted(STARTER_PAGES.glob("*faq.md")):
        shutil.copy(path, saved)
    pages = {f"/docs{path}": PAGE.format(title=f"Page {path}", count=at) for at, path in enumerate(["", "/faq"], 2)}
    with Site(pages) as site, ModelServer() as model:
        model.says(answer("Set `models` to a list of slugs [1]."))
        prices = {"prompt": "0", "completion": "0"}
        model.documents["models"] = {"data": [{"id": "acme/gpt", "pricing": prices}]}
        yield World(CommandLine(folder, bare_environment(folder)), site, model)


def test_the_pages_show_commands() -> None:
    assert sum(len(lines) for lines in COMMANDS.values()) >= 30


def test_the_readme_is_a_page_for_newcomers() -> None:
    assert README.count("\n") < 150


@pytest.mark.parametrize("name", [name for name, lines in COMMANDS.items() if lines])
def test_every_command_works(world: World, name: str) -> None:
    status = 0
    for line in COMMANDS[name]:
        if line == "echo $?":
            assert status == 3, "the README shows a refusal just before"
            continue
        result = world.run(line)
        status = result.status
        assert status == (3 if "sourdough" in line else 0), f"{line}\n{result.err}"
        assert result.out.strip(), f"{line} prints nothing"


def test_the_first_transcript_is_what_is_printed(starter: CommandLine) -> None:
    shown = re.search(r"^\$ ask \"What are model variants\?\" --no-llm\n(.*?)^…", README, re.MULTILINE | re.DOTALL)
    assert shown
    assert starter("ask", "What are model variants?", "--no-llm").out.startswith(shown.group(1))


@pytest.mark.parametrize("target", re.findall(r"`make (\w+)", README))
def test_make_knows_its_targets(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=REPOSITORY, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("name", PAGES)
def test_paths_exist(name: str) -> None:
    paths = re.findall(r"`((?:ingest|rag|cli|eval)/[\w/.]+|pyproject\.toml)`", PAGES[name])
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []
    folder = (REPOSITORY / name).parent
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[name])
    assert [link for link in linked if not (folder / link).exists()] == []


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_says_where_to_change_what(room: str) -> None:
    table = PAGES[f"{room}/README.md"].partition("## Where do I change")[2]
    assert len(re.findall(r"`(?:ingest|rag|cli|eval)/", table)) >= 6
    assert f"({room}/README.md)" in README


@pytest.mark.parametrize("command", ["ask", "reindex", "inspect", "eval", "status", "models", "doctor"])
def test_every_option_in_the_readme_is_one(starter: CommandLine, command: str) -> None:
    known = set(re.findall(r"--[a-z-]+", starter(command, "--help", COLUMNS="300").out))
    used = {
        option
        for lines in COMMANDS.values()
        for line in lines
        if re.match(rf"(?:\S+=\S+ )?(?:askdocs )?{command} ", line)
        for option in re.findall(r" (--[a-z-]+)", line)
    }
    assert used <= known


def test_there_is_no_path_of_one_machine() -> None:
    for name in (*PAGES, "pyproject.toml", "Makefile"):
        assert not re.search(r"/(?:home|root|work|Users|tmp)/", (REPOSITORY / name).read_text(encoding="utf-8"))

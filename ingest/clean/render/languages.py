"""Names of programming languages: one spelling each, and a guess where the page gives none."""

import json
import re

_SPELLINGS = {
    "shellscript": "bash", "shell": "bash", "sh": "bash", "zsh": "bash", "curl": "bash", "shell-session": "console",
    "terminal": "bash", "ts": "typescript", "js": "javascript", "mjs": "javascript", "cjs": "javascript",
    "node": "javascript", "nodejs": "javascript", "node.js": "javascript", "py": "python", "python3": "python",
    "python2": "python", "pycon": "python", "pycon3": "python", "ipython3": "python", "yml": "yaml", "rs": "rust",
    "golang": "go", "rb": "ruby", "cs": "csharp", "c#": "csharp", "c++": "cpp", "md": "markdown",
    "plaintext": "text", "plain": "text", "none": "", "nohighlight": "", "ps1": "powershell",
    "azurecli": "bash", "azurecli-interactive": "bash", "dotnetcli": "bash", "azurepowershell": "powershell",
    "docker": "dockerfile", "kt": "kotlin", "jsonc": "json", "json5": "json", "default": "",
    "auto": "", "fallback": "", "highlight": "", "hljs": "", "undefined": "", "null": "", "unknown": "", "code": "",
}  # fmt: skip

KNOWN = frozenset(
    "bash console typescript javascript tsx jsx python json yaml toml ini sql http html xml css scss go rust ruby php "
    "java kotlin swift csharp cpp c r scala elixir lua perl diff dockerfile makefile graphql text markdown mermaid "
    "powershell cmd vue svelte haskell dart hcl nginx proto dotenv clojure erlang fsharp groovy julia latex lisp ocaml "
    "racket scheme vb zig wasm".split()
)

# Words in a tab label or file name. The first that is found decides.
_LABEL_WORDS = (
    ("curl", "bash"), ("bash", "bash"), ("shell", "bash"), ("terminal", "bash"), ("npm", "bash"), ("pnpm", "bash"),
    ("yarn", "bash"), ("bun", "bash"), ("pip", "bash"), ("uv", "bash"), ("powershell", "powershell"),
    ("typescript", "typescript"), ("javascript", "javascript"), ("python", "python"), ("node", "javascript"),
    ("ruby", "ruby"), ("php", "php"), ("java", "java"), ("go", "go"), ("rust", "rust"), ("kotlin", "kotlin"),
    ("swift", "swift"), ("c#", "csharp"), (".net", "csharp"), ("json", "json"), ("yaml", "yaml"), ("toml", "toml"),
    ("sql", "sql"), ("html", "html"), ("xml", "xml"), ("graphql", "graphql"), ("http", "http"),
)  # fmt: skip

_COMMANDS = (
    "curl npm npx pnpm yarn bun bunx pip pip3 uv uvx git gh cd sudo brew docker apt apt-get mkdir "
    "echo cat cp mv rm chmod wget cargo deno claude node python python3 openssl kubectl source"
)
# A known command, a prompt, or a first line with options: `tool verb name --option`.
_COMMAND = re.compile(
    rf"^(?:(?:{'|'.join(_COMMANDS.split())}) |\$ |#!/bin/|export [A-Z_]+=|go (?:get|install|run|build|mod|test) |"
    r"[a-z][\w.-]*(?: [\w.:/@=-]+)* (?:--?[a-zA-Z][\w-]*|\\$))",
    re.MULTILINE,
)

# Tried in this order: the most certain first.
_TELLING = (
    ("diff", re.compile(r"^(?:diff --git |@@ -\d|--- a/)", re.MULTILINE)),
    ("http", re.compile(r"^(?:(?:GET|POST|PUT|PATCH|DELETE) /\S* HTTP/|HTTP/\d)", re.MULTILINE)),
    ("html", re.compile(r"^\s*<(?:!DOCTYPE|html|div|script|head)\b", re.IGNORECASE)),
    ("xml", re.compile(r"^\s*<\?xml ")),
    ("php", re.compile(r"^\s*<\?php")),
    ("sql", re.compile(r"^\s*(?:SELECT\b|INSERT INTO\b|CREATE TABLE\b|UPDATE \w+ SET\b|WITH \w+ AS)", re.MULTILINE)),
    ("ruby", re.compile(r"^(?:require ['\"]|\s*def [\w.?!]+(?:\(.*\))?$)", re.MULTILINE)),
    ("python", re.compile(
        r"^(?:from [\w.]+ import |import [\w.]+(?: as \w+)?$|(?:async )?def \w+\((?:.*:|[^)]*$)|class \w+.*:$|"
        r"(?:if|for|while|with|try|except)\b.*:$|@[\w.]+(?:\(.*\))?$|>>> |print\()", re.MULTILINE)),
    ("rust", re.compile(r"^(?:use [\w:]+.*;|(?:pub )?fn \w+|#\[\w+|let mut )", re.MULTILINE)),
    ("go", re.compile(r"^(?:package \w+$|func \w*\(?|import \($)", re.MULTILINE)),
    ("typescript", re.compile(
        r"^\s*(?:import .* from ['\"]|import type |export |interface \w+|type \w+ =|const |let |var |"
        r"(?:async )?function |await |for await |new \w+\(|return )", re.MULTILINE)),
    ("toml", re.compile(r"^\[[\w.\"-]+\]$", re.MULTILINE)),
    ("bash", _COMMAND),
    ("yaml", re.compile(r"\A(?:#.*\n|---\n)*[\w-]+:(?: .*)?\n(?:[ \t]+\S|[\w-]+:|- )")),
)  # fmt: skip


def language_name(name: str) -> str:
    """Return the usual name of a language: `shellscript` and `sh` are bash, `py` is python."""
    low = name.strip().lower()
    return _SPELLINGS.get(low, low) if re.fullmatch(r"[\w+#.-]{1,30}", low) else ""


def language_of_label(label: str) -> str:
    """Return the language that a tab label or a file name mentions, or ""."""
    low = label.strip().lower()
    ending = re.search(r"\.(\w{1,5})$", low)
    for name in (low, ending[1] if ending else ""):
        if name and language_name(name) in KNOWN:
            return language_name(name)
    words = set(re.findall(r"[\w.#+]+", low))
    return next((language for word, language in _LABEL_WORDS if word in words), "")


def _is_json(code: str) -> bool:
    if code[:1] not in "{[":
        return False
    try:
        json.loads(re.sub(r"^\s*\.\.\.,?$|(?<=[,{\[\s])//.*$", "", code, flags=re.MULTILINE))
    except (ValueError, RecursionError):
        return bool(re.match(r'[{\[]\s*(?:[{\[]\s*)*"[^"\n]*"\s*[:,\]]', code))
    return True


def guess_language(code: str, label: str = "") -> str:
    """Guess a language from the code's first 4,000 characters and the label of its tab; "" if unknown.

    JSON and shell commands are recognised by the code alone: they also have labels such as `Node` or `text`.
    """
    sample = code[:4000].strip()
    if _is_json(code.strip() if len(code) < 60_000 else sample):
        return "json"
    if _COMMAND.match(sample):
        return "bash"
    named = language_of_label(label)
    if named and (named != "javascript" or "script" in label.lower()):
        return named
    guess = next((language for language, telling in _TELLING if telling.search(sample)), "")
    return named if guess == "typescript" and named else guess

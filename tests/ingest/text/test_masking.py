"""Made-up secrets in many forms, none of which may stay in a masked text; and texts that must stay as they are."""

import json
import random
import string
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.text.masking import mask
from tests.conftest import REPOSITORY

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
ALNUM = UPPER + LOWER + DIGITS
HEX = "0123456789abcdef"


def word(r: random.Random, letters: str, length: int) -> str:
    return "".join(r.choice(letters) for _ in range(length))


def name(r: random.Random) -> str:
    return r.choice(["ada", "grace.hopper", "linus_t", "j.doe+docs", "maria-lopez"]) + word(r, DIGITS, r.choice([0, 2]))


FORMS: dict[str, Callable[[random.Random], str]] = {
    "e-mail": lambda r: f"{name(r)}@{word(r, LOWER, 6)}.{r.choice(['com', 'co.uk', 'dev'])}",
    "openai key": lambda r: f"sk-{word(r, ALNUM, 48)}",
    "openrouter key": lambda r: f"sk-or-v1-{word(r, HEX, 64)}",
    "anthropic key": lambda r: f"sk-ant-api03-{word(r, ALNUM + '-_', 80)}",
    "github token": lambda r: f"{r.choice(['ghp_', 'gho_', 'github_pat_'])}{word(r, ALNUM, 36)}",
    "gitlab token": lambda r: f"glpat-{word(r, ALNUM, 20)}",
    "slack token": lambda r: f"xoxb-{word(r, DIGITS, 12)}-{word(r, ALNUM, 24)}",
    "aws id": lambda r: f"AKIA{word(r, UPPER + DIGITS, 16)}",
    "aws secret": lambda r: word(r, ALNUM + "+/", 40),
    "google key": lambda r: f"AIza{word(r, ALNUM + '-_', 35)}",
    "hugging face token": lambda r: f"hf_{word(r, ALNUM, 34)}",
    "stripe key": lambda r: f"sk_live_{word(r, ALNUM, 24)}",
    "jwt": lambda r: f"eyJ{word(r, ALNUM, 20)}.{word(r, ALNUM, 60)}.{word(r, ALNUM + '-_', 43)}",
    "uuid": lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)),
    "hex digest": lambda r: word(r, HEX, r.choice([32, 40, 64])),
    "card": lambda r: r.choice([" ", "-", ""]).join(word(r, DIGITS[1:], 4) for _ in range(4)),
    "phone": lambda r: f"+{r.choice(['49', '1', '44'])} {word(r, DIGITS[1:], 3)} {word(r, DIGITS[1:], 7)}",
    "iban": lambda r: f"DE{word(r, DIGITS, 2)} {' '.join(word(r, DIGITS, 4) for _ in range(4))} {word(r, DIGITS, 2)}",
    "password": lambda r: f"password: {word(r, ALNUM + '!#$%', 11)}",
    "authenticator secret": lambda r: f"{word(r, UPPER, 12)}{word(r, '234567', 2)}{word(r, UPPER, 2)}",
    "product key": lambda r: "-".join(word(r, UPPER, 4) + word(r, DIGITS, 1) for _ in range(5)),
    "fingerprint": lambda r: " ".join(word(r, DIGITS, 1) + word(r, HEX.upper(), 3) for _ in range(10)),
    "credentials in a URL": lambda r: f"https://{word(r, LOWER, 6)}:{word(r, ALNUM, 12)}@db.example.com/x",
}
SENTENCES = ["Why does {} not work?", "I use {}, and get 401", "{}", 'curl -H "Authorization: Bearer {}" says 403']


@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_left(form: str) -> None:
    r = random.Random(form)
    for at in range(50):
        secret = FORMS[form](r)
        masked = mask(SENTENCES[at % 4].format(secret))
        hidden = secret.removeprefix("password: ")
        parts = [hidden] if "://" not in hidden else [hidden.split("://")[1].split("@")[0].split(":")[1]]
        for part in parts:
            assert part not in masked, f"{secret} in {masked}"
            pieces = [piece for piece in part.replace("-", " ").replace(".", " ").split() if len(piece) >= 6]
            assert [piece for piece in pieces if piece in masked] == [], masked


@pytest.mark.parametrize(
    "text",
    [
        "password is hunter2x",
        "my api key is Xy12Zk88",
        "API_KEY=correcthorse",
        '{"token": "abcdef"}',
        "ada [at] example [dot] org",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
        "https://x.test/cb?sig=k3jH88sdkfj2ksd9",
        "call (030) 123-4567 now",
        "Mein Kennwort lautet hunter2x",
        "mot de passe : hunter2x",
        "la contraseña es hunter2x",
        "密码：hunter2x",
        "пароль: hunter2x",
        "DB_PASS=correcthorse and 'password' => 'correcthorse'",
        "<password>correcthorse</password>",
        "mysql -u root -phunter2x, curl -u admin:hunter2x, acme login --token abcdef",
        "my one-time code is 493201, PIN 493201, CVV 493201",
        "passport no. C01X00T47",
        "seed phrase: abandon able about above",
        "ada at example dot org, ada＠example.org, ada&#64;example.org",
    ],
)
def test_secrets_that_a_label_gives_away(text: str) -> None:
    left = mask(text)
    for piece in ("hunter2x", "Xy12Zk88", "correcthorse", "abcdef", "ada", "MIIE", "k3jH88", "123-4567"):
        assert piece not in left
    for piece in ("493201", "C01X00T47", "abandon", "above"):
        assert piece not in left


@pytest.mark.parametrize(
    "text",
    [
        "What does anthropic/claude-3-5-sonnet-20241022 cost?",
        "Qwen/Qwen2.5-Coder-32B-Instruct or meta-llama/llama-3.1-405b-instruct:free",
        "Why is max_completion_tokens 1000000 and not 200,000?",
        "How do I call getServerSideProps with response_format json_schema?",
        "What changed on 2025-11-21, in version 1.15.1 of gpt-4o-mini-2024-07-18?",
        "The token is invalid, error 401: what is an API key for?",
        "Is bearer authentication needed at https://openrouter.ai/api/v1/chat/completions?",
        "mistralai/mixtral-8x7b-instruct-v0.1 against text-embedding-3-large",
        "Was kostet es 2024/2025, und wer haftet?",
        "What does auth: { kind: 'bearer' } mean, and what is a seed phrase?",
        "Is error code 503 at 10:30 on port 8443 the same as HTTP 429?",
        "Why is INTERNATIONALIZATION_FAILED returned with AUTHENTICATIONREQUIRED?",
        "Look at the passport page; which document has a number?",
    ],
)
def test_a_question_without_secrets_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "eval" / "questions").glob("*.jsonl")), ids=lambda path: path.name
)
def test_question_files_stay_as_they_are(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)["question"]
        assert mask(question) == question


def test_masking_twice_changes_nothing() -> None:
    r = random.Random(7)
    for form in FORMS.values():
        once = mask(f"see {form(r)} there")
        assert mask(once) == once

"""Links that open a page at the cited words."""

import pytest

from cli.serve.web.fragments import fragment_url

PAGE = "https://docs.example.org/guide"


@pytest.mark.parametrize(
    ("quote", "link"),
    [
        ("A short quote.", "#part:~:text=A%20short%20quote."),
        ("Use `max_tokens`, **always**.", "#part:~:text=Use%20max_tokens%2C%20always."),
        ("See [the guide](https://x.example) & more", "#part:~:text=See%20the%20guide%20%26%20more"),
        ("built-in", "#part:~:text=built%2Din"),
        (
            "one two three four five six seven eight nine ten eleven twelve thirteen",
            "#part:~:text=one%20two%20three%20four%20five,nine%20ten%20eleven%20twelve%20thirteen",
        ),
        (
            "First, this is a start.\n\n- one\n- the last item here now",
            (
                "#part:~:text=First%2C%20this%20is%20a%20start.,the%20last%20item%20here%20now"
                "&text=First%2C%20this%20is%20a%20start."
            ),
        ),
        ("> **Warning**\n>\n> Never share keys.", "#part:~:text=Never%20share%20keys."),
        ("- `key` (string, body): The key.", "#part:~:text=The%20key."),
        (
            "Call `run`, then wait for the event",
            "#part:~:text=Call%20run%2C%20then%20wait%20for%20the%20event&text=then%20wait%20for%20the%20event",
        ),
        ("```python\nx = 1\nprint(x + 41)\n```", "#part:~:text=print%28x%20%2B%2041"),
        ("```\nls\n```", "#part"),
        ("| a | b |\n|---|---|\n| 1 | the last one |", "#part:~:text=the%20last%20one"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "#part"),
        ("日本語の文。", "#part:~:text=%E6%97%A5%E6%9C%AC%E8%AA%9E%E3%81%AE%E6%96%87%E3%80%82"),
    ],
)
def test_a_citation_opens_the_page_at_its_words(quote: str, link: str) -> None:
    assert fragment_url(f"{PAGE}#part", quote) == PAGE + link


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "/docs/a", "data:text/html,x", ""])
def test_only_http_is_linked(url: str) -> None:
    assert fragment_url(url, "words") == ""

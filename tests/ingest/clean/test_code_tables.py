import pytest

from ingest.clean.mdx.code_tables import mend_code


@pytest.mark.parametrize(
    ("table", "fenced"),
    [
        (
            "```\n|  |  |\n| --- | --- |\n| 1 | import os |\n| 2 |  |\n| 3 | print(1 | 2) |\n```",
            "```python\nimport os\n\nprint(1 | 2)\n```",
        ),
        (
            "```\n|  |  |\n| --- | --- |\n| $ | npm install bulb |\n| > | npm start |\n```",
            "```bash\nnpm install bulb\nnpm start\n```",
        ),
        ("```\n|  |\n| --- |\n| : a comment |\n```", "```\n: a comment\n```"),
        (
            "```js\n| 7 | let a = 1; |\n| --- | --- |\n| 8 |   a += 1; |\n```",
            "```javascript\nlet a = 1;\n  a += 1;\n```",
        ),
        (
            '  ```\n  |  |  |\n  | --- | --- |\n  | 1 | {"a": "\\""} |\n  ```',
            '  ```json\n  {"a": "\\""}\n  ```',
        ),
        (
            "|  |  |\n| --- | --- |\n| 1 | max\\_tokens = \\*args |\n| 2 | a &lt; b |",
            "```\nmax_tokens = *args\na < b\n```",
        ),
    ],
)
def test_code_tables_become_code(table: str, fenced: str) -> None:
    assert mend_code(f"Above.\n\n{table}\n\nBelow.") == f"Above.\n\n{fenced}\n\nBelow."


@pytest.mark.parametrize(
    "text",
    [
        "| # | Flower |\n| --- | --- |\n| 1 | Rose |\n| 2 | Lily |",
        "|  |  |\n| --- | --- |\n| 1 | Dig a hole |\n| 2 | Plant the rose |",
        "|  |  |\n| --- | --- |\n| 3 | `a()` |\n| 9 | `b()` |",
        "```\n| a | b |\n| - | - |\n| 1 | x = {} |\n```",
        "```python\nprint('|  |  |')\n```",
        "```\nnever closed\n\n# a comment",
        "####### seven\n\n#hashtag",
    ],
)
def test_real_tables_and_code_stay(text: str) -> None:
    assert mend_code(text) == text


def test_the_labels_of_tabs_name_language_and_title() -> None:
    table = "```\n|  |  |\n| --- | --- |\n| 1 | bulb.light() |\n```"
    assert (
        mend_code(f"So:\n\nPythonTypeScript (fetch)cURL\n\n{table}")
        == 'So:\n\n```python title="Python"\nbulb.light()\n```'
    )
    assert mend_code(f"TypeScript SDK\n\n{table}") == "```typescript\nbulb.light()\n```"
    assert mend_code(f"Python is nice\n\n{table}").startswith("Python is nice\n\n```")
    assert mend_code("Python\n\n```\nx\n```") == "Python\n\n```\nx\n```", "only above what was a table"


def test_empty_headings_go() -> None:
    assert mend_code("#####\n\nMind the gap.\n\n```\n#\n```") == "\nMind the gap.\n\n```\n#\n```"

"""Tables: spans, groups of rows, tables in tables."""

from tests.ingest.clean.pages_of_one import body


def rows(inner: str) -> list[str]:
    return [line for line in body(f"<table>{inner}</table>").split("\n") if not line.startswith("| ---")]


def test_a_span_of_no_rows_reaches_to_the_end_of_its_group() -> None:
    first = "<tbody><tr><td rowspan=0>East<td>Kite</tr><tr><td>Moth</tr></tbody>"
    assert rows(f"<tr><th>Zone<th>Bird</tr>{first}<tbody><tr><td>West<td>Wren</tr></tbody>") == [
        "| Zone | Bird |",
        "| East | Kite |",
        "| East | Moth |",
        "| West | Wren |",
    ]


def test_a_span_ends_with_its_group() -> None:
    first = "<tbody><tr><td rowspan=9>East<td>Kite</tr><tr><td>Moth</tr></tbody>"
    second = "<tbody><tr><td>West<td>Wren</tr></tbody>"
    assert rows(f"<thead><tr><th rowspan=3>Zone<th>Bird</tr></thead>{first}{second}") == [
        "| Zone | Bird |",
        "| East | Kite |",
        "| East | Moth |",
        "| West | Wren |",
    ]


def test_spans_beside_each_other() -> None:
    inner = "<tr><th>A<th>B<th>C</tr><tr><td rowspan=2>a<td rowspan=3>b<td>1</tr><tr><td>2</tr><tr><td>x<td>3</tr>"
    assert rows(inner) == ["| A | B | C |", "| a | b | 1 |", "| a | b | 2 |", "| x | b | 3 |"]


def test_a_span_in_the_last_column() -> None:
    assert rows("<tr><th>A<th>B</tr><tr><td>1<td rowspan=2>b</tr><tr><td>2</tr>") == [
        "| A | B |",
        "| 1 | b |",
        "| 2 | b |",
    ]


def test_a_table_in_a_cell_keeps_its_rows() -> None:
    nested = "<table><tr><td>Kite<td>3</tr><tr><td>Moth<td>7</tr></table>"
    assert rows(f"<tr><th>Zone<th>Birds</tr><tr><td>East<td>{nested}</tr><tr><td>West<td>none</tr>") == [
        "| Zone | Birds |  |",
        "| East | Kite | 3 |",
        "| East | Moth | 7 |",
        "| West | none |  |",
    ]


def test_a_table_in_a_table_for_layout_is_a_table() -> None:
    nested = "<table><tr><th>Bird<th>Count</tr><tr><td>Kite<td>3</tr></table>"
    assert body(f"<table><tr><td>Birds are counted.</td><td>{nested}</td></tr></table>").endswith(
        "| Bird | Count |\n| --- | --- |\n| Kite | 3 |"
    )


def test_deep_tables_end() -> None:
    depth = 200
    inner = "<table><tr><th>A<td>" * depth + "deep" + "</table>" * depth
    assert "deep" in body(inner)

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heartkit_gui.actions.fuzzy import ranked, score

TEXTS = ["Open record…", "Layout: 12 × 1", "Zoom in", "Zoom out", "Next episode", "Quit", "Dark theme"]


def best(query: str) -> str:
    return TEXTS[ranked(query, TEXTS)[0]]


def test_starts_of_words_win() -> None:
    assert best("zoo") == "Zoom in"
    assert best("episode") == "Next episode"
    assert best("zout") == "Zoom out"
    assert best("nep") == "Next episode"
    assert best("out") == "Zoom out"
    assert best("dark") == "Dark theme"
    assert best("theme dark") == "Dark theme"


def test_letters_that_are_missing_find_nothing() -> None:
    assert ranked("xyz", TEXTS) == []
    assert score("zz", "Zoom") is None


def test_no_query_keeps_the_order() -> None:
    assert ranked("  ", TEXTS) == list(range(len(TEXTS)))


@given(st.text(), st.lists(st.text()))
def test_every_hit_holds_all_letters_of_the_query(query: str, texts: list[str]) -> None:
    hits = ranked(query, texts)
    assert len(hits) == len(set(hits))
    for i in hits:
        assert set("".join(query.lower().split())) <= set(texts[i].lower())

"""Fuzzy search for the command palette: letters in order, words and starts of words first."""

from __future__ import annotations

from collections.abc import Iterable


def score(query: str, text: str) -> float | None:
    """How well `text` answers `query`: larger is better, None when some letter is missing.

    Every word of the query must appear in order of its letters. Letters that follow each other and letters at
    starts of words count more, so that "qtc" finds "QTc" before "quit the canvas".
    """
    haystack = text.lower()
    total = 0.0
    for word in query.lower().split():
        best = _word_score(word, haystack)
        if best is None:
            return None
        total += best
    return total - 0.01 * len(text)


def _word_score(word: str, haystack: str) -> float | None:
    whole = haystack.find(word)
    if whole >= 0:
        return 10.0 * len(word) + (8.0 if whole == 0 or not haystack[whole - 1].isalnum() else 0.0)
    position, total, former = 0, 0.0, -2
    for letter in word:
        found = haystack.find(letter, position)
        if found < 0:
            return None
        total += 1.0
        if found == former + 1:
            total += 3.0
        if found == 0 or not haystack[found - 1].isalnum():
            total += 2.0
        former, position = found, found + 1
    return total


def ranked(query: str, texts: Iterable[str]) -> list[int]:
    """Positions of the texts that answer the query, best first; all in their own order for an empty query."""
    scored = [(score(query, text), i) for i, text in enumerate(texts)]
    hits = [(value, i) for value, i in scored if value is not None]
    return [i for _, i in hits] if not query.strip() else [i for _, i in sorted(hits, key=lambda h: (-h[0], h[1]))]

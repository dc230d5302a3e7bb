"""The most probable sequence of beats through the candidates, with a fixed delay.

A path is a sequence of candidates taken to be beats. Its score is the sum of what speaks for each candidate alone
and of what speaks for each pair of consecutive ones: their interval, given the recent rhythm, and, when they are
close, their relative sizes (a T wave after, or a P wave before, a QRS complex). That is a semi-Markov conditional
random field; its best path is found by Viterbi's recursion, and what is older than LAG is settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

REFRACTORY = 40  # samples at the internal rate (200 ms)
LAG = 240  # samples after which a decision is settled (1.2 s)
CLOSE_EDGES = (40, 50, 60, 72, 86, 100)  # classes of short intervals, in samples
RATIO_STEP = 0.05  # classes of interval / usual interval
RATIO_CLASSES = 60
RHYTHMS = 4  # from irregular to regular

_USUAL_RR = 160.0  # until there is a rhythm
_MEMORY = 9  # intervals
_NEAR = 0.12  # an interval within 12 % of the median counts as regular
_RHYTHM_OF_COUNT = (0, 0, 0, 0, 1, 1, 2, 2, 3, 3)  # by how many of the intervals are
_SHORTEST_RR, _LONGEST_RR = 40, 500
_RATIO_LIMIT = 4.0


@dataclass(frozen=True)
class PathModel:
    """Scores of pairs.

    interval: [RHYTHMS][RATIO_CLASSES + 1], the last for all longer intervals.
    close: per class of short interval, weights of (one, rise of total size, fall of total size, rise of the
    highest band, fall of the highest band), sizes in log2 and at most 4.
    sure: a candidate's own score from which it is sure enough to tell the rhythm.
    """

    interval: tuple[tuple[float, ...], ...]
    close: tuple[tuple[float, float, float, float, float], ...]
    sure: float


class Node(NamedTuple):
    """A candidate in the race; `before` is its best predecessor."""

    position: int
    score: float
    own: float
    size: float
    fast: float
    before: Node | None
    index: int
    link: float


class Rhythm:
    """Median of the last sure intervals, and how regular they are."""

    def __init__(self) -> None:
        self._recent: list[int] = []
        self.usual = _USUAL_RR
        self.kind = 0

    def add(self, interval: int) -> None:
        """Take note of the interval between two sure beats."""
        if not _SHORTEST_RR <= interval <= _LONGEST_RR:
            return
        recent = self._recent
        recent.append(interval)
        if len(recent) > _MEMORY:
            del recent[0]
        self.usual = float(sorted(recent)[len(recent) // 2])
        if len(recent) == _MEMORY:
            reach = _NEAR * self.usual
            self.kind = _RHYTHM_OF_COUNT[sum(1 for rr in recent if abs(rr - self.usual) < reach)]


class PathFinder:
    """Feed candidates in time order with `add`; `settle` returns the beats that became final."""

    def __init__(self, model: PathModel) -> None:
        self._model = model
        self.rhythm = Rhythm()
        self._nodes: list[Node] = []
        self._last: Node | None = None  # the last settled beat, the root of all nodes

    def add(self, position: int, own: float, size: float, fast: float, index: int) -> None:
        """A candidate: its own score, log2 of its total size and of its highest band."""
        table = self._model.interval[self.rhythm.kind]
        per_class = 1.0 / (RATIO_STEP * self.rhythm.usual)
        best, before, link = -1e9, None, 0.0
        roots = self._nodes if self._last is None else [self._last, *self._nodes]
        for node in reversed(roots):
            gap = position - node.position
            if gap < REFRACTORY:
                continue
            pair = table[min(int(gap * per_class), RATIO_CLASSES)]
            if gap < CLOSE_EDGES[-1]:
                pair += self._close(gap, size - node.size, fast - node.fast)
            if node.score + pair > best:
                best, before, link = node.score + pair, node, pair
        if before is None:
            if self._last is not None:
                return  # within the refractory time of a settled beat
            best = 0.0
        self._nodes.append(Node(position, best + own, own, size, fast, before, index, link))

    def _close(self, gap: int, rise: float, fast_rise: float) -> float:
        k = 0
        while gap >= CLOSE_EDGES[k + 1]:
            k += 1
        one, up, down, fast_up, fast_down = self._model.close[k]
        rise = min(max(rise, -_RATIO_LIMIT), _RATIO_LIMIT)
        fast_rise = min(max(fast_rise, -_RATIO_LIMIT), _RATIO_LIMIT)
        own = one + (up * rise if rise > 0 else -down * rise)
        return own + (fast_up * fast_rise if fast_rise > 0 else -fast_down * fast_rise)

    def settle(self, before: int) -> list[Node]:
        """Beats of the best path earlier than `before`; call with growing values at fixed points in time."""
        if not self._nodes or self._nodes[0].position >= before:
            return []
        best = max(self._nodes, key=_score)
        node: Node | None = best if self._last is None or best.score > self._last.score else None
        done = []
        while node is not None and node is not self._last:
            if node.position < before:
                done.append(node)
            node = node.before
        done.reverse()
        for node in done:
            if self._last is not None and min(node.own, self._last.own) > self._model.sure:
                self.rhythm.add(node.position - self._last.position)
            self._last = node
        if self._last is not None:
            self._last = self._last._replace(score=0.0, before=None)
        # Later candidates compete anew, from the settled beat on; earlier ones are settled as no beats.
        later = [node for node in self._nodes if node.position >= before]
        self._nodes = []
        for node in later:
            self.add(node.position, node.own, node.size, node.fast, node.index)
        return done


def _score(node: Node) -> float:
    return node.score

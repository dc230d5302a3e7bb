"""The most probable sequence of beats through the candidates, with a fixed delay.

A path is a sequence of candidates taken to be beats. Its score is the sum of what speaks for each candidate alone
and of what speaks for each pair of consecutive ones: their interval, given the recent rhythm, and, when they are
close, their relative sizes (a T wave after, or a P wave before, a QRS complex). That is a semi-Markov conditional
random field; its best path is found by Viterbi's recursion, and what is older than LAG is settled.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.analysis.qrs_memory import Lesson

REFRACTORY = 40  # samples at the internal rate (200 ms)
LAG = 240  # samples after which a decision is settled (1.2 s)
CLOSE_EDGES = (40, 50, 60, 72, 86, 100)  # classes of short intervals, in samples
RATIO_STEP = 0.05  # classes of interval / usual interval
RATIO_CLASSES = 60
RHYTHMS = 4  # from irregular to regular

SURE = 3.0  # own score (log odds) of a beat sure enough to learn from
_USUAL_RR = 160.0  # until there is a rhythm
_MEMORY = 9  # intervals
_NEAR = 0.12  # an interval within 12 % of the median counts as regular
_RHYTHM_OF_COUNT = (0, 0, 0, 0, 1, 1, 2, 2, 3, 3)  # by how many of the intervals are
_SHORTEST_RR, _LONGEST_RR = 40, 500
_RATIO_LIMIT = 4.0
_NEVER = -1e30


@dataclass(frozen=True)
class PathModel:
    """Scores of pairs.

    interval: [RHYTHMS][RATIO_CLASSES + 1], the last for all longer intervals.
    close: per class of short interval, weights of (one, rise of total size, fall of total size, rise of the
    highest band, fall of the highest band), sizes in log2 and at most 4.
    """

    interval: tuple[tuple[float, ...], ...]
    close: tuple[tuple[float, float, float, float, float], ...]


class Node:
    """A candidate in the race: `score` is that of the best path ending here, `before` the beat before it there."""

    __slots__ = ("before", "fast", "lesson", "own", "pair", "position", "score", "size")

    def __init__(self, position: int, own: float, size: float, fast: float) -> None:
        self.position = position
        self.own = own
        self.size = size
        self.fast = fast
        self.score = own
        self.pair = 0.0  # what the interval from `before` adds
        self.before: Node | None = None
        self.lesson: Lesson | None = None  # for the memory, if this should be a beat


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
            self.kind = _RHYTHM_OF_COUNT[sum([abs(rr - self.usual) < reach for rr in recent])]


class PathFinder:
    """Feed candidates in time order with `add`; `settle` returns the beats that became final."""

    def __init__(self, model: PathModel) -> None:
        self._model = model
        self.rhythm = Rhythm()
        self._nodes: list[Node] = []
        self._last: Node | None = None  # the last settled beat, the root of all paths

    def add(self, node: Node) -> None:
        """Let a candidate into the race."""
        table = self._model.interval[self.rhythm.kind]
        classes = 1.0 / (RATIO_STEP * self.rhythm.usual)
        position = node.position
        best = _NEVER
        before = None
        for other in (*self._nodes, self._last) if self._last else self._nodes:
            gap = position - other.position
            if gap < REFRACTORY:
                continue
            ratio = int(gap * classes)
            pair = table[ratio if ratio < RATIO_CLASSES else RATIO_CLASSES]
            if gap < CLOSE_EDGES[-1]:
                pair += self._close(gap, node.size - other.size, node.fast - other.fast)
            if other.score + pair > best:
                best, before, node.pair = other.score + pair, other, pair
        if before is None:
            if self._last is not None:
                return  # within the refractory time of a settled beat
            best = 0.0
        node.before = before
        node.score = best + node.own
        self._nodes.append(node)

    def _close(self, gap: int, rise: float, fast_rise: float) -> float:
        k = 0
        while gap >= CLOSE_EDGES[k + 1]:
            k += 1
        one, up, down, fast_up, fast_down = self._model.close[k]
        rise = min(max(rise, -_RATIO_LIMIT), _RATIO_LIMIT)
        fast_rise = min(max(fast_rise, -_RATIO_LIMIT), _RATIO_LIMIT)
        return one + (up if rise > 0 else -down) * rise + (fast_up if fast_rise > 0 else -fast_down) * fast_rise

    def settle(self, before: int) -> list[Node]:
        """Beats of the best path earlier than `before`; call with growing values at fixed points in time."""
        nodes = self._nodes
        if not nodes or nodes[0].position >= before:
            return []
        best = self._last
        for node in nodes:
            if best is None or node.score > best.score:
                best = node
        done = []
        step = best
        while step is not None and step is not self._last:
            if step.position < before:
                done.append(step)
            step = step.before
        done.reverse()
        for node in done:
            if self._last is not None and min(node.own, self._last.own) > SURE:
                self.rhythm.add(node.position - self._last.position)
            self._last = node
        if self._last is not None:
            self._last.before = None  # history is not kept
        later = [node for node in nodes if node.position >= before]
        self._nodes = []
        for node in later:
            # A path through a candidate that is now settled as no beat is no longer open.
            if node.before is self._last or node.before in self._nodes:
                self._nodes.append(node)
            else:
                self.add(node)
        return done

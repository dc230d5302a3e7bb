"""Made-up sequences of beats: intervals, classes and P waves of common rhythms with ectopic beats.

The kinds of rhythm: sinus rhythm with respiratory variation and ectopic beats now and then; bigeminy to
quadrigeminy; runs of atrial tachycardia; a slow sinus node overrun by atrial ectopic beats, with pauses; sinus
pauses and Wenckebach sequences, where all beats are normal; atrial fibrillation, likewise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SOME_P, FIBRILLATING = -1, -2  # the sinus P wave; none at all. Others: number of a foreign P wave
_SHORTEST_S = 0.3


@dataclass(frozen=True)
class Rhythm:
    """RR before each beat, its class ("N", "S", "V", "F") and its P wave."""

    rr_s: F64
    kind: NDArray[np.str_]
    p: I64


def made_up_rhythm(n: int, generator: np.random.Generator) -> Rhythm:
    """`n` beats of one kind of rhythm, drawn at random."""
    makers = (_occasional, _patterned, _runs, _overrun, _pausing, _fibrillating)
    share = (0.24, 0.11, 0.13, 0.2, 0.14, 0.18)
    maker = makers[generator.choice(len(makers), p=share)]
    rr, kind, p = maker(n, generator)
    return Rhythm(np.maximum(np.array(rr[:n]), _SHORTEST_S), np.array(kind[:n]), np.array(p[:n], np.int64))


_Beats = tuple[list[float], list[str], list[int]]


def _sinus_intervals(n: int, generator: np.random.Generator, low: float = 0.58, high: float = 1.2) -> F64:
    """Sinus RR: a level that drifts, breathing, and a little chance."""
    level = np.exp(generator.uniform(np.log(low), np.log(high)))
    drift = np.cumsum(generator.normal(0, 0.006, n))
    drift -= np.linspace(0, drift[-1], n) * generator.random()
    breath = generator.choice((0.01, 0.03, 0.08, 0.15)) * generator.random()
    breathing = breath * np.sin(2 * np.pi * np.arange(n) / generator.uniform(3, 7) + generator.uniform(0, 6))
    return np.asarray(level * np.exp(np.clip(drift, -0.35, 0.35) + breathing + generator.normal(0, 0.012, n)))


def _foreign(generator: np.random.Generator) -> int:
    """P wave of a supraventricular ectopic beat; now and then one that looks like sinus, or none."""
    kind = generator.random()
    return SOME_P if kind < 0.1 else FIBRILLATING if kind < 0.17 else int(generator.integers(0, 3))


class _Sequence:
    """A growing list of beats."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.rr: list[float] = []
        self.kind: list[str] = []
        self.p: list[int] = []
        self.generator = generator

    def add(self, rr: float, kind: str = "N", p: int = SOME_P) -> None:
        self.rr.append(float(rr))
        self.kind.append(kind)
        self.p.append(p)

    def premature(self, sinus_s: float, kind: str) -> None:
        """One ectopic beat and the sinus beat after it."""
        g = self.generator
        if kind == "S":
            p = _foreign(g)
            early = g.uniform(0.45, 0.78 if p == SOME_P else 0.88)
            self.add(early * sinus_s, "S", p)
            self.add(sinus_s * g.uniform(0.98, 1.25))
        else:
            early = g.uniform(0.4, 0.9) if g.random() < 0.8 else g.uniform(0.85, 1.05)
            self.add(early * sinus_s, "F" if early > 0.9 and g.random() < 0.5 else "V", FIBRILLATING)
            interpolated = g.random() < 0.08 and early < 0.6
            self.add((1.05 - early) * sinus_s if interpolated else (2 - early) * sinus_s * g.uniform(0.93, 1.03))

    def done(self) -> _Beats:
        return self.rr, self.kind, self.p


def _occasional(n: int, generator: np.random.Generator) -> _Beats:
    rr = _sinus_intervals(n, generator)
    out = _Sequence(generator)
    often = {"S": generator.choice((0, 0.01, 0.05, 0.15)), "V": generator.choice((0, 0.03, 0.1, 0.2))}
    for sinus_s in rr:
        chance = generator.random()
        if chance < often["S"]:
            out.premature(sinus_s, "S")
        elif chance < often["S"] + often["V"]:
            out.premature(sinus_s, "V")
            if generator.random() < 0.2:
                cycle = generator.uniform(0.4, 1.0)
                for _ in range(int(generator.integers(1, 8))):
                    out.add(sinus_s * cycle * generator.normal(1, 0.04), "V", FIBRILLATING)
        else:
            out.add(sinus_s)
    return out.done()


def _patterned(n: int, generator: np.random.Generator) -> _Beats:
    rr = _sinus_intervals(n, generator)
    out = _Sequence(generator)
    kind = "S" if generator.random() < 0.5 else "V"
    every = int(generator.integers(1, 4))
    active = False
    i = 0
    while len(out.rr) < n:
        if generator.random() < 0.04:
            active = not active
        sinus_s = rr[i % n]
        for _ in range(every - 1):
            out.add(sinus_s * generator.normal(1, 0.01))
        if active:
            out.premature(sinus_s, kind)
        else:
            out.add(sinus_s)
        i += 1
    return out.done()


def _runs(n: int, generator: np.random.Generator) -> _Beats:
    rr = _sinus_intervals(n, generator)
    out = _Sequence(generator)
    often = generator.uniform(0.01, 0.06)
    longest = int(generator.choice((4, 8, 30)))
    for sinus_s in rr:
        if generator.random() < often:
            fast = max(0.32, sinus_s * generator.uniform(0.45, 0.8))
            p = _foreign(generator)
            for _ in range(int(generator.integers(2, longest + 1))):
                out.add(fast * generator.normal(1, 0.04), "S", p)
            out.add(sinus_s * generator.uniform(1.0, 1.4))
        else:
            out.add(sinus_s)
    return out.done()


def _overrun(n: int, generator: np.random.Generator) -> _Beats:
    """A slow sinus node; ectopic atrial beats singly and in groups may outnumber its beats; pauses."""
    rr = _sinus_intervals(n, generator, 0.8, 1.7)
    out = _Sequence(generator)
    start, stay = generator.uniform(0.15, 0.9), generator.uniform(0.2, 0.85)
    early, spread = generator.uniform(0.45, 0.78), generator.uniform(0.02, 0.12)
    pause = generator.uniform(0, 0.5)
    for sinus_s in rr:
        out.add(sinus_s * (generator.uniform(1.1, 1.9) if generator.random() < pause else 1.0))
        if generator.random() < start:
            p = _foreign(generator)
            while True:
                out.add(min(0.9, generator.normal(early, spread)) * sinus_s, "S", p)
                if generator.random() > stay:
                    break
                if generator.random() < 0.3:
                    p = _foreign(generator)
    return out.done()


def _pausing(n: int, generator: np.random.Generator) -> _Beats:
    """All normal, yet irregular: dropped beats, Wenckebach's lengthening conduction, strong breathing."""
    rr = _sinus_intervals(n, generator)
    out = _Sequence(generator)
    kind = generator.random()
    cycle = int(generator.integers(3, 7))
    rate = generator.uniform(0.02, 0.15) if generator.random() < 0.6 else generator.uniform(0.15, 0.8)
    swing = generator.uniform(0.1, 0.25)
    for i, sinus_s in enumerate(rr):
        if kind < 0.35:
            out.add(sinus_s * (generator.uniform(1.4, 2.3) if generator.random() < rate else 1.0))
        elif kind < 0.6:
            at = i % cycle
            out.add(sinus_s * (1.7 if at == 0 else 1.15 - 0.05 * at))
        else:
            out.add(sinus_s * (1 + swing * np.sin(2 * np.pi * i / (2 + cycle))))
    return out.done()


def _fibrillating(n: int, generator: np.random.Generator) -> _Beats:
    """Atrial fibrillation, throughout or in turn with sinus rhythm."""
    out = _Sequence(generator)
    level = generator.uniform(0.45, 1.25)
    spread = generator.uniform(0.1, 0.32)
    often = generator.choice((0, 0.02, 0.1))
    paroxysmal = generator.random() < 0.3
    sinus = _sinus_intervals(n, generator)
    active = True
    for sinus_s in sinus:
        if paroxysmal and generator.random() < 0.03:
            active = not active
        if not active:
            out.add(sinus_s)
        elif generator.random() < often:
            out.add(generator.uniform(0.4, 0.6), "V", FIBRILLATING)
        else:
            out.add(level * generator.gamma(spread**-2) * spread**2, "N", FIBRILLATING)
    return out.done()

"""Families of equal-looking beats, followed through slow change of shape over a recording of any length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

BLOCK = 128  # beats taken at once
_ALIKE = 0.94  # cosine between windows of one family
_SIZE_RATIO = 2.0  # largest ratio of root-mean-square sizes within a family
_MOST = 48  # families followed at a time; the smallest gives way
_MEMORY = 64  # beats a template remembers


@dataclass(frozen=True)
class Families:
    """`label` int64 [n]: family number of each beat, 0-based in order of appearance; `size` int64 [families].

    `template` float64 [families, points]: the mean shape when the family was last followed.
    """

    label: I64
    size: I64
    template: F64


def families(windows: NDArray[np.floating]) -> Families:
    """Group aligned QRS windows [n, points] mV by shape and size.

    Blocks of `BLOCK` beats are compared with the templates followed so far; what matches none founds new families,
    the window with most look-alikes first. Templates follow their members, so drift does not split a family.
    """
    points = windows.shape[1]
    label = np.full(len(windows), -1, dtype=np.int64)
    template: list[F64] = []  # of every family ever founded
    size: list[int] = []
    followed: list[int] = []
    for start in range(0, len(windows), BLOCK):
        block = windows[start : start + BLOCK].astype(np.float64)
        length = np.sqrt((block**2).sum(axis=1)) + 1e-9
        unit = block / length[:, None]
        mine = np.full(len(block), -1, dtype=np.int64)
        if followed:
            known = np.stack([template[f] for f in followed])
            likeness = _likeness(unit, length, known)
            best = likeness.argmax(axis=1)
            match = likeness[np.arange(len(block)), best] >= _ALIKE
            mine[match] = np.array(followed)[best[match]]
        rest = np.flatnonzero(mine < 0)
        while len(rest):
            alike = _likeness(unit[rest], length[rest], block[rest]) >= _ALIKE
            leader = int(alike.sum(axis=1).argmax())
            members = rest[alike[leader] | (np.arange(len(rest)) == leader)]
            template.append(np.median(block[members], axis=0))
            size.append(0)
            followed.append(len(template) - 1)
            mine[members] = len(template) - 1
            rest = np.flatnonzero(mine < 0)
        for family in np.unique(mine):
            members = block[mine == family]
            share = len(members) / (len(members) + min(size[family], _MEMORY))
            template[family] = (1 - share) * template[family] + share * members.mean(axis=0)
            size[family] += len(members)
        if len(followed) > _MOST:
            followed = sorted(sorted(followed, key=lambda f: size[f], reverse=True)[:_MOST])
        label[start : start + BLOCK] = mine
    shapes = np.stack(template) if template else np.zeros((0, points))
    return Families(label, np.array(size, dtype=np.int64), shapes)


def _likeness(unit: F64, length: F64, known: F64) -> F64:
    """Cosine [n, k] between windows and known shapes; -1 where their sizes differ too much."""
    known_length = np.sqrt((known**2).sum(axis=1)) + 1e-9
    cosine = unit @ (known / known_length[:, None]).T
    ratio = length[:, None] / known_length[None, :]
    return np.where((ratio < _SIZE_RATIO) & (ratio > 1 / _SIZE_RATIO), cosine, -1.0)

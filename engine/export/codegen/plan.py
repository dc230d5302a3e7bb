"""Where each computed tensor lies in the arena: lifetimes first, then offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.export.codegen.parts import Step

ALIGNMENT = 16


@dataclass(frozen=True)
class Plan:
    """Offsets of tensors by index, and of each step's scratch memory by the step's place in the list. In bytes."""

    offsets: Mapping[int, int]
    scratch: Mapping[int, int]
    arena_bytes: int


@dataclass(frozen=True)
class _Life:
    """One stretch of memory from the step that fills it to the last that reads it."""

    size: int
    first: int
    last: int
    holds: tuple[int, ...]  # tensors; a step's scratch memory is -1 - its place


def plan(steps: Sequence[Step], sizes: Mapping[int, int]) -> Plan:
    """Place the tensors named in `sizes` (index to bytes) so that none that live together overlap.

    Largest first, each at the lowest place that is free during its life. An output takes the place of an input that
    ends there where the step allows it.
    """
    lives = _lives(steps, sizes)
    lives += [_Life(s.scratch_bytes, k, k, (-1 - k,)) for k, s in enumerate(steps) if s.scratch_bytes]
    placed: list[tuple[int, int, _Life]] = []
    for life in sorted(lives, key=lambda life: (-life.size, life.first)):
        offset = 0
        rivals = sorted((start, end) for start, end, r in placed if r.first <= life.last and life.first <= r.last)
        for start, end in rivals:
            if offset + life.size <= start:
                break
            offset = max(offset, end)
        placed.append((offset, offset + aligned(life.size), life))
    offsets = {holder: start for start, _, life in placed for holder in life.holds}
    return Plan(
        offsets={tensor: offset for tensor, offset in offsets.items() if tensor >= 0},
        scratch={-1 - holder: offset for holder, offset in offsets.items() if holder < 0},
        arena_bytes=max((end for _, end, _ in placed), default=0),
    )


def aligned(size: int) -> int:
    """Rounded up to the alignment of every tensor."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _lives(steps: Sequence[Step], sizes: Mapping[int, int]) -> list[_Life]:
    born: dict[int, int] = {}
    dead: dict[int, int] = {}
    for k, step in enumerate(steps):
        for tensor in (*step.writes, *step.reads):
            born.setdefault(tensor, k)
            dead[tensor] = k
    home = {tensor: tensor for tensor in sizes if tensor in born}
    for k, step in enumerate(steps):
        for source in step.may_overwrite:
            target = step.writes[0]
            fits = source in home and target in home and sizes[source] == sizes[target]
            if fits and dead[source] == k and born[target] == k and home[target] == target:
                home[target] = home[source]
                break
    groups: dict[int, list[int]] = {}
    for tensor, root in home.items():
        groups.setdefault(root, []).append(tensor)
    return [
        _Life(sizes[root], min(born[t] for t in group), max(dead[t] for t in group), tuple(group))
        for root, group in groups.items()
    ]

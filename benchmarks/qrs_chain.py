"""Maximum likelihood for the QRS detector's path model: a semi-Markov conditional random field.

A chain's probability is exp(score of its true path) over the sum of exp(score) of all paths, that without any beat
among them. The sum and its derivatives come from forward-backward recursions, run side by side for all chains.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from engine.analysis.qrs_model import KNOTS, QrsModel, noise_share
from engine.analysis.qrs_path import (
    CLOSE_EDGES,
    RATIO_CLASSES,
    RATIO_STEP,
    REFRACTORY,
    RHYTHMS,
    PathModel,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

PREDECESSORS = 10  # earlier candidates considered as the beat before
REACH = 480  # samples at the internal rate
FREE = 400  # a path may start or end within so many samples of the ends of the chain
NEVER = -1e9
RATIOS = RATIO_CLASSES + 1
CLASSES = len(CLOSE_EDGES) - 1
CLOSE_WEIGHTS = 5


@dataclass(frozen=True)
class Penalty:
    """Weights of squared size and squared second difference, of contributions and of interval scores."""

    size: float = 1.0
    roughness: float = 6.0
    interval_size: float = 0.2
    interval_roughness: float = 4.0
    close_size: float = 1.0


@dataclass(frozen=True)
class Chain:
    """Candidates of a recording in time order, with what the detector knew at each, and which are beats."""

    features: F64
    position: I64
    size: F64
    fast: F64
    usual: F64
    rhythm: I64
    true: NDArray[np.bool_]
    weight: float


class _Batch:
    """All chains as padded arrays [longest, chains, PREDECESSORS]."""

    def __init__(self, chains: list[Chain], model: QrsModel) -> None:
        chains = sorted(chains, key=lambda c: -len(c.position))
        lengths = np.array([len(c.position) for c in chains])
        shape = (lengths[0], len(chains))
        self.active = (np.arange(shape[0])[:, None] < lengths).sum(axis=1)  # chains that reach row j
        self.weight = np.array([c.weight for c in chains])
        self.own = np.full(shape, -1)  # row of the design matrix
        self.before = np.zeros((*shape, PREDECESSORS), np.int64)
        self.allowed = np.zeros((*shape, PREDECESSORS), bool)
        self.true = np.zeros(shape, bool)
        self.true_pair = np.zeros((*shape, PREDECESSORS), bool)
        self.start = np.zeros(shape, bool)
        self.end = np.zeros(shape, bool)
        interval = np.zeros((*shape, PREDECESSORS), np.int64)
        close = np.full((*shape, PREDECESSORS), -1)
        rise = np.zeros((*shape, PREDECESSORS, 2))
        offset = 0
        for c, chain in enumerate(chains):
            n = lengths[c]
            rows = np.arange(n)
            before, allowed, true_pair = _predecessors(chain)
            gap = chain.position[:, None] - chain.position[before]
            self.own[:n, c] = offset + rows
            self.before[:n, c], self.allowed[:n, c], self.true_pair[:n, c] = before, allowed, true_pair
            self.true[:n, c] = chain.true
            self.start[:n, c] = (chain.position <= chain.position[0] + FREE) | ~allowed.any(axis=1)
            self.end[:n, c] = chain.position >= chain.position[-1] - FREE
            chosen = np.flatnonzero(chain.true)
            self.start[chosen[:1], c] = True
            self.end[chosen[-1:], c] = True
            ratio = (gap / (RATIO_STEP * chain.usual[:, None])).astype(np.int64)
            interval[:n, c] = chain.rhythm[:, None] * RATIOS + np.minimum(ratio, RATIOS - 1)
            close[:n, c] = np.where(gap < CLOSE_EDGES[-1], np.searchsorted(CLOSE_EDGES, gap, side="right") - 1, -1)
            for k, size in enumerate((chain.size, chain.fast)):
                rise[:n, c, :, k] = np.clip(size[:, None] - size[before], -4, 4)
            offset += n
        self.real = self.own >= 0
        self.pairs = np.nonzero(self.allowed)
        self.interval = interval[self.pairs]
        near = close[self.pairs]
        self.near = np.flatnonzero(near >= 0)
        self.near_class = near[self.near]
        r = rise[self.pairs][self.near]
        self.near_features = np.stack(
            [np.ones(len(r)), *(np.maximum(sign * r[:, k], 0) for k in range(2) for sign in (1, -1))], axis=1
        )
        self.pair_weight = self.weight[self.pairs[1]]
        self.pair_true = self.true_pair[self.pairs]
        self.design = sparse.vstack([_design(c.features, model) for c in chains], format="csr")
        self.design_t = self.design.T.tocsr()


def _predecessors(chain: Chain) -> tuple[I64, NDArray[np.bool_], NDArray[np.bool_]]:
    """(indices, allowed, whether the true one) [n, PREDECESSORS] of possible beats before each candidate."""
    position = chain.position
    first = np.searchsorted(position, position - REFRACTORY, side="right")
    before = first[:, None] - 1 - np.arange(PREDECESSORS)
    allowed = before >= 0
    before = np.maximum(before, 0)
    allowed &= position[:, None] - position[before] <= REACH
    true_pair = np.zeros(before.shape, bool)
    chosen = np.flatnonzero(chain.true)
    for last, now in pairwise(chosen):
        slot = np.flatnonzero(allowed[now] & (before[now] == last))
        k = int(slot[0]) if len(slot) else PREDECESSORS - 1
        before[now, k], allowed[now, k], true_pair[now, k] = last, True, True
    return before, allowed, true_pair


def _design(features: F64, model: QrsModel) -> sparse.csr_matrix:
    """Shares of the knots [n, 2 * features * KNOTS]: contributions without noise, then with."""
    count, n = features.shape
    knot, share = model.place(features)
    noise = noise_share(features)
    column = knot + KNOTS * np.arange(count)[:, None]
    columns = np.stack([column, column + 1, column + count * KNOTS, column + count * KNOTS + 1])
    values = np.stack([1 - share, share, (1 - share) * noise, share * noise])
    return sparse.csr_matrix(
        (
            values.reshape(-1, n).T.ravel().astype(np.float32),
            columns.reshape(-1, n).T.ravel().astype(np.int32),
            np.arange(n + 1) * 4 * count,
        ),
        shape=(n, 2 * count * KNOTS),
    )


def _split(weights: F64, features: int) -> tuple[F64, F64, F64]:
    """(contributions [2, features, KNOTS], interval [RHYTHMS, RATIOS], close [CLASSES, 5])."""
    a = 2 * features * KNOTS
    b = a + RHYTHMS * RATIOS
    return (
        weights[:a].reshape(2, features, KNOTS),
        weights[a:b].reshape(RHYTHMS, RATIOS),
        weights[b:].reshape(CLASSES, CLOSE_WEIGHTS),
    )


def _sums(batch: _Batch, own: F64, pair: F64) -> tuple[F64, F64, F64]:
    """(log sum over paths [chains], probability of each candidate, probability of each pair)."""
    rows, chains = own.shape
    column = np.arange(chains)
    forward = np.full((rows, chains), NEVER)
    reach = np.full(pair.shape, NEVER)
    for j in range(rows):
        s = batch.active[j]
        reach[j, :s] = forward[batch.before[j, :s], column[:s, None]] + pair[j, :s]
        fresh = np.where(batch.start[j, :s], 0.0, NEVER)
        top = np.maximum(reach[j, :s].max(axis=1), fresh)
        total = np.exp(reach[j, :s] - top[:, None]).sum(axis=1) + np.exp(fresh - top)
        forward[j, :s] = own[j, :s] + top + np.log(total)
    last = np.where(batch.end & batch.real, forward, NEVER)
    top = last.max(axis=0)
    top = np.maximum(top, 0.0)
    log_sum = top + np.log(np.exp(last - top).sum(axis=0) + np.exp(-top))  # with the empty path, of score 0
    candidate = np.exp(np.where(batch.end & batch.real, last - log_sum, NEVER))
    pairs = np.zeros(pair.shape)
    for j in range(rows - 1, -1, -1):
        s = batch.active[j]
        pairs[j, :s] = np.exp(reach[j, :s] - (forward[j, :s] - own[j, :s])[:, None]) * candidate[j, :s, None]
        np.add.at(candidate, (batch.before[j, :s], column[:s, None]), pairs[j, :s])
    return log_sum, candidate, pairs


def _loss(weights: F64, batch: _Batch, features: int, penalty: Penalty) -> tuple[float, F64]:
    contribution, interval, close = _split(weights, features)
    own = np.zeros(batch.own.shape)
    own[batch.real] = (batch.design @ contribution.ravel())[batch.own[batch.real]]
    value = interval.ravel()[batch.interval]
    value[batch.near] += (batch.near_features * close[batch.near_class]).sum(axis=1)
    pair = np.full(batch.allowed.shape, NEVER)
    pair[batch.pairs] = value
    log_sum, candidate, pairs = _sums(batch, own, pair)
    truth = np.where(batch.true, own, 0.0).sum(axis=0) + np.where(batch.true_pair, pair, 0.0).sum(axis=(0, 2))
    loss = float(((log_sum - truth) * batch.weight).sum())

    by_row = np.empty(batch.design.shape[0])
    by_row[batch.own[batch.real]] = ((candidate - batch.true) * batch.weight)[batch.real]
    excess = (pairs[batch.pairs] - batch.pair_true) * batch.pair_weight
    near = excess[batch.near, None] * batch.near_features
    gradient = np.concatenate(
        [
            batch.design_t @ by_row,
            np.bincount(batch.interval, excess, minlength=RHYTHMS * RATIOS),
            np.stack(
                [np.bincount(batch.near_class, column, minlength=CLASSES) for column in near.T], axis=1
            ).ravel(),
        ]
    )
    parts = (
        (contribution.reshape(-1, KNOTS), penalty.size, penalty.roughness),
        (interval, penalty.interval_size, penalty.interval_roughness),
        (close, penalty.close_size, 0.0),
    )
    slopes = []
    for values, size, roughness in parts:
        bend = np.diff(values, 2, axis=1)
        loss += size * float((values**2).sum()) + roughness * float((bend**2).sum())
        slope = 2 * size * values
        slope[:, :-2] += 2 * roughness * bend
        slope[:, 1:-1] -= 4 * roughness * bend
        slope[:, 2:] += 2 * roughness * bend
        slopes.append(slope.ravel())
    return loss, gradient + np.concatenate(slopes)


def fit_chains(chains: list[Chain], model: QrsModel, iterations: int, penalty: Penalty) -> tuple[QrsModel, float]:
    """The model with the knots of `model` that makes the true paths most probable; and its loss."""
    batch = _Batch(chains, model)
    features = len(model.first_knot)
    start = np.concatenate(
        [
            model.quiet.ravel(),
            model.noisy.ravel(),
            np.ravel(model.path.interval),
            np.ravel(model.path.close),
        ]
    )
    found = minimize(
        _loss,
        start,
        (batch, features, penalty),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": iterations, "maxcor": 20},
    )
    (quiet, noisy), interval, close = _split(found.x, features)
    path = PathModel(tuple(map(tuple, interval.tolist())), tuple(map(tuple, close.tolist())))
    return QrsModel(model.first_knot, model.knot_step, quiet, noisy, path), float(found.fun)

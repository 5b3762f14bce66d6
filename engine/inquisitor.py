"""I(G; θ_I): learns from probed networks how a design's choices bear on the task, and returns Δθ_G.

θ_I is an ensemble of small networks that predicts a design's score (−log of its loss) from its widths, blocks, forms
and resolution, and the information that each group keeps at its width. Two kinds of measurement teach it: each training
step's own loss, which costs nothing, and the held-out loss of freshly generated networks, which are also what it is
judged by: its rank correlation on designs that it has not seen, beside that of a predictor which sees sizes only.
"""

from collections import deque

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from engine.checkpoint import load_optimiser, optimiser_tensors, prefixed, without_prefix
from engine.elastic.design import LOW_RANK, Design, Designs
from engine.generator import NOISE_DIMENSION, Generator

MEMBERS, HIDDEN = 4, 48
TRAINING_MEMORY, PROBE_MEMORY, JUDGED = 2000, 240, 60
FIT_STEPS, FIT_BATCH, FIT_RATE = 40, 192, 3e-3
PROBE_SHARE = 0.34  # of each fitting batch
PESSIMISM = 0.5  # standard deviations subtracted from the mean: the ensemble's lower bound
DIVERSITY, WANTED_SPREAD = 3.0, 0.15  # weight; standard deviation of log2 width over seeds
GENERATOR_RATE, GENERATOR_STEPS, GENERATOR_BATCH = 0.03, 3, 32
TRUST = 0.25  # most that the widths may move in a cycle: mean |Δ log2 width|
TRUST_HALVINGS = 12
TRUSTED_RANK = 0.5  # below this rank correlation the measured direction is mixed in
MEASURED_STEP = 0.15


class Inquisitor:
    """The inquisitor.

    Args:
        generator: The generator that it will probe and improve.
        seed: Seed of θ_I.
        rate: Learning rate of θ_G along the ensemble's gradient.
    """

    def __init__(self, generator: Generator, seed: int, rate: float = GENERATOR_RATE) -> None:
        self.generator = generator
        space = generator.projection.space
        self._log_max = np.log2(np.maximum(space.max_widths, 2)).astype(float)
        inputs = len(space.knobs) + generator.projection.layout.choices + 2
        # The rank of a convolution that isn't of low rank says nothing.
        self._ranks = [(i, k.convolution) for i, k in enumerate(space.knobs) if k.convolution is not None]
        rng = torch.Generator().manual_seed(seed * 7919 + 13)

        def weights(*shape: int) -> Tensor:
            return (torch.randn(*shape, generator=rng) / shape[1] ** 0.5).requires_grad_()

        self.theta = [
            weights(MEMBERS, inputs, HIDDEN), torch.zeros(MEMBERS, 1, HIDDEN, requires_grad=True),
            weights(MEMBERS, HIDDEN, HIDDEN), torch.zeros(MEMBERS, 1, HIDDEN, requires_grad=True),
            weights(MEMBERS, HIDDEN, 1), torch.zeros(MEMBERS, 1, 1, requires_grad=True),
        ]  # fmt: skip
        self._fit_optimiser = torch.optim.Adam(self.theta, lr=FIT_RATE)
        self._generator_optimiser = torch.optim.Adam(generator.parameters(), lr=rate)
        self.trained: deque[tuple[Design, float]] = deque(maxlen=TRAINING_MEMORY)
        self.probed: deque[tuple[Design, float]] = deque(maxlen=PROBE_MEMORY)
        self.judged: deque[tuple[float, ...]] = deque(
            maxlen=JUDGED
        )  # measured, predicted, cost: less their cycle's means
        self.curves = [np.linspace(0, 1, k.width + 1) for k in space.knobs]

    # --- θ_I -----------------------------------------------------------------------------------------------------

    def remember_training(self, trained: list[tuple[Design, float]]) -> None:
        """Losses of training steps: measurements that come for free."""
        for design, loss in trained:
            if np.isfinite(loss):
                self.trained.append((design, -float(np.log(max(loss, 1e-6)))))

    def remember_probes(self, probed: list[tuple[Design, float]]) -> None:
        """Held-out losses of fresh designs; each is predicted before it is learned, and judged."""
        designs = [design for design, _ in probed]
        scores = [-float(np.log(max(loss, 1e-6))) for _, loss in probed]
        if self._ready():
            with torch.no_grad():
                exact = self.generator.projection.space.designs(designs)
                predicted = self._predict(exact, held_out=True).mean(0).numpy()
            # Scores rise from cycle to cycle with training: designs are compared with those of their own cycle.
            rows = np.stack([scores, predicted, self.generator.projection.log_costs(exact).numpy()], 1)
            self.judged.extend(map(tuple, (rows - rows.mean(0)).tolist()))
        self.probed.extend(zip(designs, scores, strict=True))

    def update(self, curves: list[np.ndarray], rng: np.random.Generator) -> None:
        """θ_I ← what the latest measurements say.

        Args:
            curves: Information kept at each width, for each group (:meth:`engine.insight.Observer.kept_information`).
            rng: Draws the fitting batches.
        """
        self.curves = curves
        if not self._ready():
            return
        train_x, train_y = self._table(self.trained, held_out=False, detrend=True)
        probe_x, probe_y = self._table(self.probed, held_out=True, detrend=True)
        probes = int(PROBE_SHARE * FIT_BATCH)
        for _ in range(FIT_STEPS):
            picked_t = torch.from_numpy(rng.integers(len(train_y), size=(MEMBERS, FIT_BATCH - probes)))
            picked_p = torch.from_numpy(rng.integers(len(probe_y), size=(MEMBERS, probes)))
            x = torch.cat([train_x[picked_t], probe_x[picked_p]], 1)
            y = torch.cat([train_y[picked_t], probe_y[picked_p]], 1)
            error = torch.nn.functional.smooth_l1_loss(self._ensemble(x), y)
            self._fit_optimiser.zero_grad()
            error.backward()
            self._fit_optimiser.step()

    def _ready(self) -> bool:
        return len(self.trained) >= 64 and len(self.probed) >= 12

    def _table(self, memory: deque[tuple[Design, float]], *, held_out: bool, detrend: bool) -> tuple[Tensor, Tensor]:
        designs, scores = zip(*memory, strict=True)
        y = np.array(scores)
        if detrend:  # losses fall as training goes on, whatever the design
            time = np.linspace(-1, 1, len(y))
            y = y - np.polyval(np.polyfit(time, y, 1), time)
        y = (y - y.mean()) / max(y.std(), 1e-6)
        with torch.no_grad():
            x = self._features(self.generator.projection.space.designs(list(designs)), held_out=held_out)
        return x, torch.from_numpy(y).float()

    def _features(self, designs: Designs, *, held_out: bool) -> Tensor:
        """n × features: relative log widths, information kept, gates, forms, resolution, cost, kind of measurement."""
        projection = self.generator.projection
        cost = projection.log_costs(designs)
        kept = [self._interpolate(curve, designs.widths[:, k]) for k, curve in enumerate(self.curves)]
        matters = torch.ones_like(designs.widths)
        for knob, convolution in self._ranks:
            matters[:, knob] = designs.forms[:, convolution, LOW_RANK]
        columns = [
            matters * designs.widths.log2() / torch.from_numpy(self._log_max),
            *([matters * torch.stack(kept, 1)] if kept else []), designs.gates, designs.forms.flatten(1),
            designs.resolution, (cost - projection.middle)[:, None],
            torch.full_like(cost, float(held_out))[:, None],
        ]  # fmt: skip
        return torch.cat(columns, 1).float()

    @staticmethod
    def _interpolate(curve: np.ndarray, width: Tensor) -> Tensor:
        values = torch.from_numpy(curve)
        low = width.detach().floor().long().clamp(0, len(curve) - 2)
        return values[low] + (width - low) * (values[low + 1] - values[low])

    def _ensemble(self, x: Tensor) -> Tensor:
        """Predictions, members × n, for inputs members × n × features."""
        w1, b1, w2, b2, w3, b3 = self.theta
        hidden = torch.nn.functional.silu(x @ w1 + b1)
        hidden = torch.nn.functional.silu(hidden @ w2 + b2)
        return (hidden @ w3 + b3).squeeze(2)

    def _predict(self, designs: Designs, *, held_out: bool) -> Tensor:
        x = self._features(designs, held_out=held_out)
        return self._ensemble(x.expand(MEMBERS, *x.shape))

    def rank_correlations(self) -> tuple[float | None, float | None]:
        """Spearman correlation with measured held-out scores on unseen designs: (θ_I, sizes only)."""
        if len(self.judged) < 12:
            return None, None
        measured, predicted, sizes = np.array(self.judged).T
        return float(spearmanr(measured, predicted).statistic), float(spearmanr(measured, sizes).statistic)

    # --- Δθ_G ----------------------------------------------------------------------------------------------------

    def propose(self, band: tuple[float, float], rng: np.random.Generator) -> list[Tensor]:
        """Δθ_G: ascend the ensemble's lower bound at equal cost, keep the seeds apart, within the trust region.

        Args:
            band: Lowest and highest log10 cost that the generator works at.
            rng: Draws seeds and budgets.
        """
        generator = self.generator
        before = [p.detach().clone() for p in generator.parameters()]
        if self._ready():
            for _ in range(GENERATOR_STEPS):
                z = torch.from_numpy(rng.standard_normal((GENERATOR_BATCH, NOISE_DIMENSION)))
                log_cost = torch.from_numpy(rng.uniform(*band, size=GENERATOR_BATCH))
                predicted = self._predict(generator.relaxed(z, log_cost), held_out=True)
                lower_bound = predicted.mean(0) - PESSIMISM * predicted.std(0)
                same = generator.relaxed(z, torch.full_like(log_cost, float(np.mean(band)))).widths.log2()
                spread = same.std(0) if same.shape[1] else same.new_zeros(1)
                loss = -lower_bound.mean() + DIVERSITY * torch.relu(WANTED_SPREAD - spread).mean()
                self._generator_optimiser.zero_grad()
                loss.backward()
                self._generator_optimiser.step()
            correlation, _ = self.rank_correlations()
            if correlation is None or correlation < TRUSTED_RANK:
                self._add_measured_direction(band)
        delta = [p.detach() - b for p, b in zip(generator.parameters(), before, strict=True)]
        with torch.no_grad():
            for p, b in zip(generator.parameters(), before, strict=True):
                p.copy_(b)
        return [d * self._trusted_share(before, delta, band) for d in delta]

    def _add_measured_direction(self, band: tuple[float, float]) -> None:
        """An evolution-strategy step: towards the choices of the probed designs that did better at their cost."""
        recent = list(self.probed)[-24:]
        designs = self.generator.projection.space.designs([d for d, _ in recent])
        score, cost = np.array([s for _, s in recent]), self.generator.projection.log_costs(designs).numpy()
        if np.ptp(cost) > 1e-6:
            score = score - np.polyval(np.polyfit(cost, score, 1), cost)
        advantage = torch.from_numpy((score - score.mean()) / max(score.std(), 1e-6))
        relative = designs.widths.log2() / torch.from_numpy(self._log_max)
        choices = torch.cat([relative, designs.gates, designs.forms.flatten(1), designs.resolution], 1)
        direction = (advantage[:, None] * (choices - choices.mean(0))).mean(0)
        with torch.no_grad():
            self.generator.mu.add_(MEASURED_STEP * direction / max(float(direction.abs().max()), 1e-6))

    def _trusted_share(self, before: list[Tensor], delta: list[Tensor], band: tuple[float, float]) -> float:
        """The largest of 1, ½, ¼, … by which Δθ_G keeps the widths within the trust region."""
        z = torch.from_numpy(np.random.default_rng(0).standard_normal((16, NOISE_DIMENSION)))
        log_cost = torch.full((16,), float(np.mean(band)), dtype=torch.float64)
        share = 1.0
        with torch.no_grad():
            old = self.generator.relaxed(z, log_cost).widths.log2()
            for _ in range(TRUST_HALVINGS):
                self.generator.move([share * d for d in delta])
                new = self.generator.relaxed(z, log_cost).widths.log2()
                for p, b in zip(self.generator.parameters(), before, strict=True):
                    p.copy_(b)
                if not new.numel() or float((new - old).abs().mean()) <= TRUST:
                    return share
                share /= 2
        return 0.0

    # --- checkpoints ---------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Tensor]:
        """Everything that the next cycle depends on, as named tensors."""
        tensors = {f"theta.{i}": t for i, t in enumerate(self.theta)}
        tensors |= prefixed("fit", optimiser_tensors(self._fit_optimiser))
        tensors |= prefixed("generator", optimiser_tensors(self._generator_optimiser))
        tensors |= {f"curve.{i}": torch.from_numpy(c) for i, c in enumerate(self.curves)}
        for name, memory in (("trained", self.trained), ("probed", self.probed)):
            if memory:
                designs = self.generator.projection.space.designs([d for d, _ in memory])
                tensors |= prefixed(name, {k: v.contiguous() for k, v in vars(designs).items()})
            tensors[f"{name}.scores"] = torch.tensor([s for _, s in memory], dtype=torch.float64)
        tensors["judged"] = torch.tensor(list(self.judged), dtype=torch.float64).reshape(-1, 3)
        return tensors

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Inverse of :meth:`state`."""
        with torch.no_grad():
            for i, t in enumerate(self.theta):
                t.copy_(tensors[f"theta.{i}"])
        load_optimiser(self._fit_optimiser, without_prefix("fit", tensors))
        load_optimiser(self._generator_optimiser, without_prefix("generator", tensors))
        self.curves = [tensors[f"curve.{i}"].numpy() for i in range(len(self.curves))]
        for name, memory in (("trained", self.trained), ("probed", self.probed)):
            memory.clear()
            scores = tensors[f"{name}.scores"].tolist()
            if scores:
                kinds = {k: tensors[f"{name}.{k}"] for k in ("widths", "gates", "forms", "resolution")}
                memory.extend(zip(Designs(**kinds).single(), scores, strict=True))
        self.judged.clear()
        self.judged.extend(map(tuple, tensors["judged"].tolist()))

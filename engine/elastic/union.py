"""Disjoint sets of channel labels."""

from collections import defaultdict

import numpy as np

FROZEN = 0


class UnionFind:
    """Disjoint sets of labels; the smallest label is the root, so that 0 always wins."""

    def __init__(self) -> None:
        self.parent: list[int] = [FROZEN]
        self._joined: list[np.ndarray] = []

    def birth(self, count: int) -> np.ndarray:
        """New labels, each a set of its own."""
        start = len(self.parent)
        self.parent.extend(range(start, start + count))
        return np.arange(start, start + count)

    def find(self, label: int) -> int:
        root = label
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[label] != root:
            self.parent[label], label = root, self.parent[label]
        return root

    def join(self, first: np.ndarray, second: np.ndarray) -> None:
        """Join the sets of each pair of labels."""
        pairs = np.unique(np.stack([np.ravel(first), np.ravel(second)]), axis=1)
        pairs = pairs[:, pairs[0] != pairs[1]]
        self._joined.append(pairs)
        for a, b in pairs.T:
            root_a, root_b = self.find(int(a)), self.find(int(b))
            self.parent[max(root_a, root_b)] = min(root_a, root_b)

    def roots(self, labels: np.ndarray) -> np.ndarray:
        return np.array([self.find(int(x)) for x in labels], dtype=np.int64)

    def all_roots(self) -> np.ndarray:
        """The root of every label."""
        return self.roots(np.arange(len(self.parent)))

    def spread(self, reasons: dict[int, str]) -> dict[int, str]:
        """Give each label the reason of the nearest one that it was joined with, directly or through others."""
        neighbours: dict[int, list[int]] = defaultdict(list)
        for pairs in self._joined:
            for a, b in pairs.T.tolist():
                if FROZEN not in (a, b):
                    neighbours[a].append(b)
                    neighbours[b].append(a)
        found = dict(reasons)
        waiting = list(reasons)
        for label in waiting:
            for other in neighbours[label]:
                if other not in found:
                    found[other] = found[label]
                    waiting.append(other)
        return found

"""Peers, side by side on the same work: what ``docs/benchmarks.md`` comes from. ``make bench`` runs it."""

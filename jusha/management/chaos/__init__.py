"""Chaos: many kinds of faults on a real installation under load, drawn from a seed."""

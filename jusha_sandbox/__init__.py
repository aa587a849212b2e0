"""Simulators of the outside world: they move no money and say so on every page.

Nothing here is shared with the platform. It speaks to it over the wire only, in the
formats that docs/door.md publishes.
"""

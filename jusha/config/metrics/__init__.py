"""Figures for whoever runs an installation, in Prometheus' form, served to this machine alone.

`serve` gives each process its address; what a process counts stands in its room (`door/metrics.py`,
`settlement/metrics.py`, `tlog/metrics.py`, `web/metrics.py`) or here for jobs. `watch` looks at all
of it from outside, by database, files and the supervisor's state: a process that hangs cannot tell
that it hangs. No figure is about a person, and labels take values from short lists only.
"""

"""Simulators for the sandbox: each says on every page that no money moves."""

"""Clients of payment rails: one folder each, one protocol for all (docs/design/0011-rails.md)."""

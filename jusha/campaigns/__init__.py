"""Giving days: their terms, projects and totals."""

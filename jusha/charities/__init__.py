"""Charities: who may raise money, and is paid."""

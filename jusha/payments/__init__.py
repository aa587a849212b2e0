"""Channels that report deeds, their rights and secrets, and orders."""

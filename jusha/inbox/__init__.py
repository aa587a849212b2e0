"""Envelopes in ordered lanes: the one way in which state changes come in.

Deeds, orders and instructions are appended here and nowhere else; settlement reads
them in a recorded order, so replaying the inbox gives the same books and the same log.
"""

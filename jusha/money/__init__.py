"""Integers, units and splitting: what every amount in Jusha is made of. Pure."""

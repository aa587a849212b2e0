"""The public log: entries, tiles, checkpoints, proofs, and the publisher that alone signs."""

"""Private records, sealed and erasable."""

"""The usual Django way: the rival that the batched settlement is measured against.

A competent developer's donation service: one transaction a gift, rows locked in a fixed order,
an idempotency key, four ledger entries. It is profiled, correct (a test holds it to the oracle)
and gets every favour that does not change what it promises: no signals, no middleware, persistent
connections, and no Merkle leaf to hash. It runs in processes of its own, with its own settings.
"""

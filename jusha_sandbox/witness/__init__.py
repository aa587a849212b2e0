"""A test witness of the SAME OPERATOR 同一运营者: it shows the protocol, it proves no independence.

It speaks C2SP tlog-witness: a log sends a checkpoint and a consistency proof, the witness answers
with its cosignature if the checkpoint extends the one it cosigned last. A witness keeps a log from
showing two histories only if somebody else runs it; this one is run by whoever runs the log, so it
counts as none. Somebody else may run these very files: `python -m jusha_sandbox.witness --help`.

Nothing here is shared with the platform; proofs, notes and signatures are read by code of its own.
"""

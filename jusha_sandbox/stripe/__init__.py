"""A simulated Stripe: payment intents, refunds, events and reports, and no money moves.

The public SDK talks to it with nothing changed but the base address. It has a process, a folder,
keys and a database of its own, shares no code with the platform, and every object that it hands
out says `livemode: false`. `python -m jusha_sandbox.stripe --help` starts it.
"""

"""A simulated Alipay 支付宝 gateway: exact in its bytes, and no money moves.

The public SDKs talk to it with nothing changed but the base address. It has a process, a folder,
keys and a database of its own, shares no code with the platform, and says what it is on every
page. `python -m jusha_sandbox.alipay --help` starts it.
"""

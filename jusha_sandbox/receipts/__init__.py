"""A simulated issuer of 公益事业捐赠电子票据: nothing that it issues is a receipt, and it says so.

It speaks jusha-receipts-v1 as docs/how-to-receipts.md writes it down, and shares no code with the
platform. Its switches make it late, refusing, or silent after or before it did what was asked.
"""

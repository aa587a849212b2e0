"""Alipay 支付宝 open platform, as a partner acting for charities or as one charity itself.

Written from Alipay's documents; no SDK is imported. `signing` and `values` are bytes and texts,
`client` asks, `notice` reads what Alipay says on its own.
"""

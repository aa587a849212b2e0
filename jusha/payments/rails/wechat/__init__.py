"""WeChat Pay, APIv3: as a service provider for many charities, or as one merchant.

`signing` is bytes to bytes, `keys` holds what must not be shown, `notice` reads what WeChat Pay
sends (the door calls it), `client` asks. No SDK is imported: the public ones check neither
freshness nor payee, and serve as oracles in tests instead.

Sources: WeChat Pay's documentation of APIv3 (signatures, notices, basic payments, refunds, bills).
"""

"""Stripe, for charities with an account connected to the platform's (direct charges).

No channel that donors are offered here: it shows that the seam holds for a rail of another make.
Its secrets are symmetric, its answers carry no signature, and it names payments by itself.
Written from Stripe's documents; no SDK is imported. `signing` and `charge` are bytes and values,
`client` asks, `notice` reads what Stripe says on its own.
"""

"""The idempotency key of the rival; apart because tests name gifts by it without Django."""

from uuid import NAMESPACE_OID, UUID, uuid5


def key_of(external_id: str) -> UUID:
    """The idempotency key of a rail's transaction number."""
    return uuid5(NAMESPACE_OID, external_id)

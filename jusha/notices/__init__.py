"""Messages to donors and staff: what happened to their gifts, and what they asked to hear."""

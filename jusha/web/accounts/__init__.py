"""How people sign in: what the sign-in library is told, and what it must never see."""

"""Jusha 聚沙: an open platform for public giving; each room says in its docstring why it exists."""

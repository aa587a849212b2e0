"""How an instruction is refused: with a code, and nothing changed."""

from typing import Any


class InstructionRefusedError(Exception):
    """The instruction does not fit the world; its outcome carries the code and why."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail

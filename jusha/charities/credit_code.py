"""The unified social credit code (统一社会信用代码, GB 32100-2015) as people type it. Pure."""

import unicodedata

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError


def read(typed: str) -> str:
    """The code as it is kept: 18 characters. Raises ValueError for a wrong length or check.

    Blanks, hyphens and the wide characters of Chinese keyboards are forgiven.
    """
    try:
        found: str = uscc.validate(unicodedata.normalize("NFKC", typed).upper())
    except ValidationError as error:
        raise ValueError(typed) from error
    return found

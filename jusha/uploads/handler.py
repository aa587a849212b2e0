"""What of a request's files is taken in at all: forms are read before anybody knows who sends."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

from jusha.uploads.rules import FILE_BYTES_MAX, REQUEST_BYTES_MAX


class Capped(FileUploadHandler):
    """Lets one byte more than FILE_BYTES_MAX of each file through, and drops the rest.

    So no disk fills up, and `keep` can still say at the field that the file is too large. A request
    above REQUEST_BYTES_MAX is refused unread.
    """

    taken = 0

    def handle_raw_input(
        self,
        input_data: Any,  # noqa: ARG002 - Django's contract, as the others
        META: dict[str, str],  # noqa: ARG002, N803
        content_length: int,
        boundary: str,  # noqa: ARG002
        encoding: str | None = None,  # noqa: ARG002
    ) -> None:
        """Refuse what is too large as a whole. Raises RequestDataTooBig (400)."""
        if content_length > REQUEST_BYTES_MAX:
            raise RequestDataTooBig

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin to count."""
        super().new_file(*args, **kwargs)
        self.taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002
        """Hand the bytes on that are within the limit."""
        left = FILE_BYTES_MAX + 1 - self.taken
        if left <= 0:
            return None
        self.taken += len(raw_data)
        return raw_data[:left]

    def file_complete(self, file_size: int) -> None:  # noqa: ARG002 - Django's contract
        """Leave the file to the handlers behind."""
        return

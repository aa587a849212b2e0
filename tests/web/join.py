"""What tests hand in to have a charity admitted: papers, a right credit code, a whole form."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pypdf import PdfWriter
from stdnum.cn import uscc

from jusha.people.accounts import open_account
from jusha.people.models import UserAccount
from tests.web.staff import signed_in


def credit_code(number: int = 1) -> str:
    """A code with a right check character, of nobody."""
    body = f"53330000MJ{number:07d}"
    return body + str(uscc.calc_check_digit(body))


def paper(width: int = 200) -> SimpleUploadedFile:
    """A scan as PDF."""
    writer = PdfWriter()
    writer.add_blank_page(width, 200)
    out = io.BytesIO()
    writer.write(out)
    return SimpleUploadedFile("证书.pdf", out.getvalue(), "application/pdf")


def photograph() -> SimpleUploadedFile:
    """A photograph of a paper."""
    out = io.BytesIO()
    Image.new("RGB", (300, 200), (240, 235, 220)).save(out, "JPEG")
    return SimpleUploadedFile("登记证书.jpg", out.getvalue(), "image/jpeg")


def said(**more: Any) -> dict[str, Any]:
    """A whole application as a browser sends it; None leaves a field out."""
    form: dict[str, Any] = {
        "name_zh": "青山公益基金会",
        "uscc": credit_code(),
        "kind": "foundation",
        "code": "qingshan",
        "address_zh": "青山市青山路 8 号",
        "phone": "400-100-2000",
        "contact": "林梅",
        "registration": photograph(),
        "raises": "yes",
        "number": "浙民公募2024017",
        "issuer": "浙江省民政厅",
        "valid_from": "2024年9月5日",
        "valid_until": "2029-09-04",
        "evidence": paper(),
        "policy": "1",
    }
    return {name: value for name, value in (form | more).items() if value is not None}


def applicant(address: str = "lin@qingshan.example") -> tuple[UserAccount, Client]:
    """Somebody without any role, signed in; of the sandbox's own."""
    account = open_account(address, demo=True)
    return account, signed_in(account)

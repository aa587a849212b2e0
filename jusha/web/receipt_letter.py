"""The confirmation letter (捐赠确认函) as PDF: one A4 page whose text can be read and searched.

It says on its face that it is no 票据. What it states is what stands in the tables when it is
drawn; a reversed one is marked across, with the reversal's number, so that it passes for none.
"""

from datetime import datetime
from io import BytesIO
from typing import Final, NamedTuple

import segno
from django.utils import timezone
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from jusha.giving.receipt_capitals import capital
from jusha.giving.receipt_rules import ORGANISATION, Payer
from jusha.web.receipt_type import SANS, SERIF, shown, typeset

INK: Final = HexColor("#1E1B17")
QUIET: Final = HexColor("#5B564E")
CINNABAR: Final = HexColor("#B93A26")
SAND: Final = HexColor("#C9AD7B")
PALE: Final = HexColor("#FBF8F2")
LEFT: Final = 62
WIDTH: Final = A4[0] - 2 * LEFT
LABEL: Final = 118
LINE: Final = 17
QR_POINTS: Final = 92
ERASED: Final = "（捐赠人已要求删除）"


class Charity(NamedTuple):
    """What the statutory box says of the charity and the project (Charity Law section 25)."""

    name: str
    uscc: str
    certificate: str
    phone: str
    address: str
    project: str
    filing: str


class Letter(NamedTuple):
    """Everything that the letter says. `amount` in fen; `payer` None where it was erased."""

    number: str
    charity: Charity
    payer: Payer | None
    amount: int
    given_at: datetime
    issued_at: datetime
    deed: int
    address: str
    """Where the record is shown: absolute, /d/<number>."""
    reversed_by: str = ""
    sandbox: bool = False


def draw_letter(letter: Letter) -> bytes:
    """The letter as PDF 1.4, the same bytes for the same letter."""
    with typeset(_words(letter)):
        return _Page(letter).drawn()


class _Page:
    """Draws downwards; `y` is the base line of what was drawn last."""

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.file = BytesIO()
        self.canvas = Canvas(self.file, pagesize=A4, invariant=1)
        self.y = A4[1] - 104.0

    def drawn(self) -> bytes:
        letter, canvas = self.letter, self.canvas
        canvas.setTitle(shown(f"捐赠确认函 {letter.number}"))
        canvas.setAuthor(shown(letter.charity.name))
        canvas.setSubject("捐赠确认函，不是公益事业捐赠票据")
        canvas.setFillColor(PALE)
        canvas.rect(0, 0, *A4, stroke=0, fill=1)
        canvas.setStrokeColor(SAND)
        canvas.setLineWidth(1)
        canvas.rect(34, 34, A4[0] - 68, A4[1] - 68)
        self._head()
        self._facts()
        self._notes()
        self._statutory()
        self._across()
        canvas.showPage()
        canvas.save()
        return self.file.getvalue()

    def _text(self, text: str, *, x: float = LEFT, size: float = 10.5, font: str = "") -> None:
        self.canvas.setFont(font or SANS, size)
        self.canvas.drawString(x, self.y, shown(text))

    def _head(self) -> None:
        canvas = self.canvas
        canvas.setFillColor(INK)
        canvas.setFont(SERIF, 27)
        canvas.drawCentredString(A4[0] / 2, self.y, "捐赠确认函")
        self.y -= 26
        canvas.setFillColor(QUIET)
        canvas.setFont(SANS, 10)
        canvas.drawCentredString(A4[0] / 2, self.y, shown(f"编号 {self.letter.number}"))
        self.y -= 44

    def _facts(self) -> None:
        letter = self.letter
        payer = letter.payer
        self.canvas.setFillColor(INK)
        name = payer.name if payer else ERASED
        greeting = "：" if payer and payer.title == ORGANISATION else " 您好："
        self._wrapped(name + greeting, size=13, font=SERIF)
        self.y -= 10
        self._wrapped(
            f"{letter.charity.name}已收到您的捐赠，全部记在所捐项目名下。谨此确认，并致谢意。",
            size=12, font=SERIF,
        )  # fmt: skip
        self.y -= 14
        rows = [("捐赠人", name)]
        if payer and payer.code:
            rows.append(("统一社会信用代码", payer.code))
        yuan = f"{letter.amount // 100:,}.{letter.amount % 100:02d}"
        rows += [
            ("捐赠项目", letter.charity.project),
            ("金额（小写）", f"人民币 ¥{yuan}"),
            ("金额（大写）", f"人民币{capital(letter.amount)}"),
            ("捐赠日期", f"{timezone.localtime(letter.given_at):%Y年%m月%d日}"),
            ("公示账本", f"第 {letter.deed:,} 条"),
            ("受赠人", letter.charity.name),
            ("出函日期", f"{timezone.localtime(letter.issued_at):%Y年%m月%d日}"),
        ]
        self._table(rows, size=11.5, gap=12.5)

    def _table(self, rows: list[tuple[str, str]], *, size: float, gap: float) -> None:
        for label, text in rows:
            self.canvas.setFillColor(QUIET)
            self._text(label, size=size - 1)
            self.canvas.setFillColor(INK)
            self._wrapped(text, x=LEFT + LABEL, size=size, font=SANS)
            self.y -= gap
            self.canvas.setLineWidth(0.4)
            self.canvas.line(LEFT, self.y + size + 3, LEFT + WIDTH, self.y + size + 3)

    def _notes(self) -> None:
        letter, canvas = self.letter, self.canvas
        top = self.y - 4
        _qr(canvas, letter.address, LEFT + WIDTH - QR_POINTS, top - QR_POINTS + 8)
        self.y = top - 8
        canvas.setFillColor(CINNABAR)
        self._text("这不是公益事业捐赠票据，不能代替票据用于税前扣除。", size=10.5)
        canvas.setFillColor(INK)
        width = WIDTH - QR_POINTS - 20
        for text in (
            "需要财政电子票据的，由受赠的慈善组织开具，可在订单页申请。",
            (
                f"怎样核对：扫右边的码，或打开 {letter.address}，在那里对照金额和日期，"
                "并让您的浏览器自己验证账本的签名。"
            ),
        ):
            self.y -= LINE
            self._wrapped(text, size=9.5, font=SANS, width=width)
        self.y = min(self.y, top - QR_POINTS) - 26

    def _statutory(self) -> None:
        of, canvas = self.letter.charity, self.canvas
        rows = [
            ("慈善组织", of.name),
            ("统一社会信用代码", of.uscc),
            ("公开募捐资格证书", of.certificate),
            ("募捐方案备案编号", of.filing),
            ("联系方式", f"{of.phone}　{of.address}"),
            (
                "查询方法",
                f"在“慈善中国”用备案编号 {of.filing} 查询方案；在公示账本按条号查询每一笔。",
            ),
        ]
        top = self.y + 22
        canvas.setFillColor(INK)
        self._text("公开募捐信息", size=12, font=SERIF)
        self.y -= 20
        self._table(rows, size=9.5, gap=7.5)
        canvas.setStrokeColor(SAND)
        canvas.setLineWidth(1)
        canvas.rect(LEFT - 12, self.y - 2, WIDTH + 24, top - self.y + 2)
        if self.letter.sandbox:
            self.y -= 20
            canvas.setFillColor(CINNABAR)
            self._text("沙盒演示：没有动用任何资金，机构和编号均为虚构。", size=10)

    def _wrapped(
        self, text: str, *, x: float = LEFT, size: float, font: str, width: float = 0.0
    ) -> None:
        """Write a text in as many lines as it needs; Chinese breaks after any character."""
        room = width or LEFT + WIDTH - x
        line, first = "", True
        for char in shown(text):
            if line and self.canvas.stringWidth(line + char, font, size) > room:
                self._text(line, x=x, size=size, font=font)
                self.y -= size * 1.55
                line, first = char, False
            else:
                line += char
        if line or first:
            self._text(line, x=x, size=size, font=font)
        self.y -= size * 1.1

    def _across(self) -> None:
        """Mark a reversed letter so that no part of it can pass for one that stands."""
        if not self.letter.reversed_by:
            return
        canvas = self.canvas
        canvas.saveState()
        canvas.translate(A4[0] / 2, A4[1] / 2)
        canvas.rotate(32)
        canvas.setFillColor(Color(0.725, 0.227, 0.149, alpha=0.42))
        canvas.setFont(SERIF, 84)
        canvas.drawCentredString(0, 0, "已冲红")
        canvas.setFont(SANS, 20)
        canvas.drawCentredString(0, -36, shown(f"冲红编号 {self.letter.reversed_by}"))
        canvas.restoreState()


def _qr(canvas: Canvas, text: str, x: float, y: float) -> None:
    """A QR code of squares: black on white, in any viewer."""
    matrix = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    side = QR_POINTS / (len(matrix) + 4)
    canvas.setFillColor(HexColor("#FFFFFF"))
    canvas.rect(x, y, QR_POINTS, QR_POINTS, stroke=0, fill=1)
    canvas.setFillColor(INK)
    for down, row in enumerate(matrix):
        for right, dark in enumerate(row):
            if dark:
                top = y + QR_POINTS - (down + 3) * side
                canvas.rect(x + (right + 2) * side, top, side, side, stroke=0, fill=1)


def _words(letter: Letter) -> list[str]:
    """Every text that may be drawn, so that the font holds its characters."""
    payer = [letter.payer.name, letter.payer.code] if letter.payer else [ERASED]
    return [
        *(str(each) for each in letter.charity),
        *payer,
        letter.number,
        letter.reversed_by,
        letter.address,
        capital(letter.amount),
        PRINTED,
    ]


PRINTED: Final = "".join(chr(code) for code in range(0x20, 0x7F)) + (
    "捐赠确认函编号您好：已收到您的捐赠，全部记在所捐项目名下。谨此确认，并致谢意。捐赠人"
    "统一社会信用代码捐赠项目金额（小写）（大写）人民币¥捐赠日期年月日公示账本第条受赠人出函日期"
    "这不是公益事业捐赠票据，不能代替票据用于税前扣除。需要财政电子票据的，由受赠的慈善组织开具，"
    "可在订单页申请。怎样核对：扫右边的码，或打开，在那里对照金额和日期，并让您的浏览器自己验证账本"
    "的签名。公开募捐信息慈善组织公开募捐资格证书募捐方案备案编号联系方式　查询方法“慈善中国”用备案"
    "编号查询方案；按条号查询每一笔。沙盒演示：没有动用任何资金，机构和编号均为虚构。已冲红冲红编号〓"
    "（捐赠人已要求删除）"
)
"""All that the letter says by itself."""

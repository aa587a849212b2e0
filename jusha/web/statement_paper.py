"""The statement of a year as PDF: what was given to each charity, and what of it is receipted.

It is no 票据 and says so on its face; what is one, is named with the numbers that the ministry's
page checks. Laid out first and drawn afterwards, because the font holds just the characters that
were laid (receipt_type.py).
"""

from datetime import datetime
from io import BytesIO
from typing import Final, NamedTuple

from django.utils import timezone
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from jusha.giving.receipt_capitals import capital
from jusha.money.assets import decimal_text
from jusha.web.receipt_type import SANS, SERIF, measure, shown, typeset

INK: Final = HexColor("#1E1B17")
QUIET: Final = HexColor("#5B564E")
CINNABAR: Final = HexColor("#B93A26")
SAND: Final = HexColor("#C9AD7B")
LEFT: Final = 56.0
RIGHT: Final = A4[0] - LEFT
TOP: Final = A4[1] - 74.0
BOTTOM: Final = 74.0
AMOUNTS: Final = (RIGHT - 252, RIGHT - 168, RIGHT - 84, RIGHT)
"""Where the four columns of numbers end."""
NUMBERS_MAX: Final = 200
"""How many e-receipts one statement names; the sums are of all."""


class OfProject(NamedTuple):
    """What went to one project in the year; amounts in fen."""

    title: str
    gifts: int
    given: int
    refunded: int


class EReceipt(NamedTuple):
    """A 公益事业捐赠电子票据 that stands: its numbers, its amount in fen."""

    code: str
    number: str
    check: str
    amount: int


class OfCharity(NamedTuple):
    """One charity's part; `letters` in fen, what confirmation letters say that stand."""

    name: str
    uscc: str
    projects: tuple[OfProject, ...]
    e_receipts: tuple[EReceipt, ...]
    letters: int

    @property
    def net(self) -> int:
        """What was given and not sent back, in fen."""
        return sum(each.given - each.refunded for each in self.projects)

    @property
    def receipted(self) -> int:
        """What e-receipts stand for, in fen."""
        return sum(each.amount for each in self.e_receipts)


class Statement(NamedTuple):
    """Everything that the paper says. `who`: the account's address, "" for a browser's gifts."""

    year: int
    who: str
    at: datetime
    charities: tuple[OfCharity, ...]
    gifts: int
    matched: int
    """In fen: matches that stand."""
    others: bool
    """Whether there are gifts in another currency, which stand on the page alone."""
    page: str
    """The page's address, absolute."""
    sandbox: bool = False

    @property
    def net(self) -> int:
        """What was given and not sent back, in fen."""
        return sum(each.net for each in self.charities)

    @property
    def receipted(self) -> int:
        """What e-receipts stand for, in fen."""
        return sum(each.receipted for each in self.charities)


def draw_statement(told: Statement) -> bytes:
    """The statement as PDF 1.4 of as many A4 pages as it needs; the same bytes for the same."""
    sheet = _laid(told)
    pages = [*sheet.pages]
    for place, page in enumerate(pages, start=1):
        foot = f"{told.year} 年捐赠清单 · 第 {place} 页，共 {len(pages)} 页"
        page.append(_Piece(LEFT, 46.0, shown(foot), SANS, 8.5, QUIET))
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1)
    title = f"{told.year} 年捐赠清单"
    canvas.setTitle(title)
    canvas.setSubject("捐赠清单，不是公益事业捐赠票据")
    with typeset(piece.text for page in pages for piece in page):
        for page in pages:
            for piece in page:
                _draw(canvas, piece)
            canvas.showPage()
        canvas.save()
    return file.getvalue()


class _Piece(NamedTuple):
    """A line of text with its base line at (x, y); without a face a hairline from x to RIGHT."""

    x: float
    y: float
    text: str
    face: str
    size: float
    colour: Color


def _draw(canvas: Canvas, piece: _Piece) -> None:
    if not piece.face:
        canvas.setStrokeColor(piece.colour)
        canvas.setLineWidth(piece.size)
        canvas.line(piece.x, piece.y, RIGHT, piece.y)
        return
    canvas.setFillColor(piece.colour)
    canvas.setFont(piece.face, piece.size)
    canvas.drawString(piece.x, piece.y, piece.text)


class _Sheet:
    """Lays texts downwards, on a new page where one is full; `y` is the next base line."""

    def __init__(self) -> None:
        self.pages: list[list[_Piece]] = [[]]
        self.y = TOP

    def room(self, height: float) -> None:
        """Begin a page unless `height` points are left."""
        if self.y - height < BOTTOM:
            self.pages.append([])
            self.y = TOP

    def line(
        self, text: str, *, x: float = LEFT, size: float = 10.0, face: str = SANS,
        colour: Color = INK, end: float = 0.0,
    ) -> None:  # fmt: skip
        """One line of text from `x`, or ending at `end`; `y` stays."""
        plain = shown(text)
        begin = end - measure(face, plain) * size / 1_000 if end else x
        self.pages[-1].append(_Piece(begin, self.y, plain, face, size, colour))

    def text(
        self, text: str, *, size: float = 10.0, face: str = SANS, colour: Color = INK,
        width: float = RIGHT - LEFT,
    ) -> None:  # fmt: skip
        """A text in as many lines as it needs; Chinese breaks after any character."""
        for part in _broken(shown(text), size=size, face=face, width=width):
            self.room(size)
            self.line(part, size=size, face=face, colour=colour)
            self.y -= size * 1.6

    def rule(self, *, weight: float = 0.4) -> None:
        """A hairline across the page."""
        self.pages[-1].append(_Piece(LEFT, self.y + 11, "", "", weight, SAND))


def _broken(text: str, *, size: float, face: str, width: float) -> list[str]:
    lines = [""]
    for char in text:
        if lines[-1] and measure(face, lines[-1] + char) * size / 1_000 > width:
            lines.append("")
        lines[-1] += char
    return lines


def _laid(told: Statement) -> _Sheet:
    sheet = _Sheet()
    _head(sheet, told)
    _what_it_is(sheet, told)
    left = NUMBERS_MAX
    for charity in told.charities:
        _charity(sheet, charity, numbers=left)
        left = max(0, left - len(charity.e_receipts))
    _foot(sheet, told)
    return sheet


def _head(sheet: _Sheet, told: Statement) -> None:
    sheet.line(f"{told.year} 年捐赠清单", size=24, face=SERIF)
    sheet.y -= 24
    as_of = f"截至 {timezone.localtime(told.at):%Y年%m月%d日 %H:%M}"
    sheet.text(f"{told.who} · {as_of}" if told.who else as_of, colour=QUIET)
    sheet.y -= 16
    rows = [("捐赠合计（已减去退回）", _money(told.net))]
    if told.net > 0:
        rows.append(("大写", f"人民币{capital(told.net)}"))
    rows += [("笔数", f"{told.gifts:,}"), ("带来的配捐（不是您的捐赠）", _money(told.matched))]
    rows.append(("其中已开出电子票据", _money(told.receipted)))
    for label, text in rows:
        sheet.line(label, colour=QUIET)
        sheet.line(text, x=LEFT + 160, size=11)
        sheet.y -= 19
    sheet.y -= 8


def _what_it_is(sheet: _Sheet, told: Statement) -> None:
    sheet.text(
        "这份清单不是公益事业捐赠票据，不能用于税前扣除。", size=11, face=SERIF, colour=CINNABAR
    )
    for text in (
        (
            "能用于税前扣除的，只有慈善组织开具的公益事业捐赠电子票据：下面写明了票据代码和号码的，"
            "就是已经开出、没有冲红的。捐赠确认函也不是票据。"
        ),
        (
            "还没有票据的捐赠，可以在订单页申请。能不能扣除，还要看机构当年有没有"
            "公益性捐赠税前扣除资格，具体请问税务机关。"
        ),
    ):
        sheet.text(text, size=9.5)
    if told.sandbox:
        sheet.text("沙盒演示：没有动用任何资金，机构、编号和票据均为虚构。", colour=CINNABAR)
    sheet.y -= 18


def _charity(sheet: _Sheet, of: OfCharity, *, numbers: int) -> None:
    sheet.room(110)
    sheet.text(of.name, size=14, face=SERIF)
    sheet.text(f"统一社会信用代码 {of.uscc}" if of.uscc else "", size=9, colour=QUIET)
    sheet.y -= 6
    for end, text in zip(AMOUNTS, ("笔数", "捐赠", "已退", "实捐"), strict=True):
        sheet.line(text, end=end, size=9, colour=QUIET)
    sheet.line("项目", size=9, colour=QUIET)
    sheet.y -= 18
    for each in of.projects:
        _project(sheet, each)
    sheet.rule(weight=1)
    sheet.line("小计", face=SERIF)
    sheet.line(_money(of.net), end=RIGHT, face=SERIF)
    sheet.y -= 20
    _receipts(sheet, of, numbers=numbers)
    sheet.y -= 20


def _project(sheet: _Sheet, of: OfProject) -> None:
    lines = _broken(shown(of.title), size=10, face=SANS, width=AMOUNTS[0] - LEFT - 40)
    sheet.room(16.0 * len(lines))
    sheet.rule()
    amounts = (_money(of.given), _money(of.refunded), _money(of.given - of.refunded))
    for end, text in zip(AMOUNTS, (f"{of.gifts:,}", *amounts), strict=True):
        sheet.line(text, end=end)
    for text in lines:
        sheet.line(text)
        sheet.y -= 16
    sheet.y -= 3


def _receipts(sheet: _Sheet, of: OfCharity, *, numbers: int) -> None:
    """What of a charity's part is receipted, and what is not."""
    if of.e_receipts:
        told = f"电子票据（税前扣除的凭证）：{len(of.e_receipts):,} 张，{_money(of.receipted)}"
        sheet.text(told, size=9.5)
    for each in of.e_receipts[:numbers]:
        sheet.text(
            f"　　代码 {each.code}　号码 {each.number}　校验码 {each.check}　{_money(each.amount)}",
            size=9, colour=QUIET,
        )  # fmt: skip
    if len(of.e_receipts) > numbers:
        sheet.text("　　其余票据的号码在各订单页。", size=9, colour=QUIET)
    if of.letters:
        sheet.text(f"只有捐赠确认函（不是票据）：{_money(of.letters)}", size=9.5)
    if (bare := of.net - of.receipted) > 0:
        sheet.text(f"没有电子票据的部分（不能凭此扣除）：{_money(bare)}", size=9.5)


def _foot(sheet: _Sheet, told: Statement) -> None:
    sheet.room(70)
    sheet.rule(weight=1)
    sheet.y -= 6
    if told.others:
        sheet.text("这里只列人民币捐赠，其他币种的见网页上的清单。", size=9.5)
    sheet.text(
        f"怎样核对：打开 {told.page}，每一笔都有编号，可以在公示账本里查到，"
        "并让您的浏览器自己验证签名。",
        size=9.5,
    )


def _money(amount_fen: int) -> str:
    whole, _dot, part = decimal_text(amount_fen, "CNY").partition(".")
    return f"¥{int(whole):,}.{part}"

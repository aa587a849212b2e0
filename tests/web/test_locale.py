"""Chinese is the source, English complete, Traditional Chinese what the converter makes of it.

`make words` brings all of it up to date; these tests fail when somebody forgot.
"""

import ast
import gettext
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

import jusha
from tools import words

ROOT = Path(jusha.__file__).parent
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "pgettext_lazy", "npgettext_lazy"}
IN_CONTEXT = re.compile(r"""pgettext\(u?(?:'[^']*'|"[^"]*"),\s*u?('[^']*'|"[^"]*")""")
IN_TEMPLATES = re.compile(
    r"(?:_|gettext)\((u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\")\)"
    r"|ngettext\((u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"),"
)
HOLES = re.compile(r"%\([a-z_]+\)s|%%")


def in_python(path: Path) -> set[str]:
    """The messages that a module marks."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            words = texts[1:] if "pgettext" in node.func.id else texts
            words = words[:2] if node.func.id == "npgettext_lazy" else words
            found |= {word for word in words if isinstance(word, str)}
    return found


def in_template(path: Path) -> set[str]:
    """The messages that a template marks, plural forms by their first."""
    said = templatize(path.read_text("utf-8"))
    found = {ast.literal_eval(one or many) for one, many in IN_TEMPLATES.findall(said)}
    return found | {ast.literal_eval(each) for each in IN_CONTEXT.findall(said)}


def written(path: Path = words.ENGLISH) -> dict[str, tuple[str, ...]]:
    """A catalogue: by Chinese, the forms it is told in."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale="en")
    return {
        (m.id if isinstance(m.id, str) else m.id[0]): (
            (m.string,) if isinstance(m.string, str) else tuple(m.string or ())
        )
        for m in catalogue
        if m.id and not m.fuzzy
    }


def test_every_message_has_english_and_no_english_is_left_over() -> None:
    marked = set()
    for room in ("web", "api"):
        for path in (ROOT / room).rglob("*.py"):
            marked |= in_python(path)
    for kind in ("html", "txt"):
        for path in (ROOT / "web").rglob(f"*.{kind}"):
            marked |= in_template(path)
    assert len(marked) > 150
    assert marked - set(written()) == set(), "translate these: make words"
    assert set(written()) - marked == set(), "nobody says these any more: make words"


def test_no_message_is_untranslated_and_every_hole_is_filled() -> None:
    for chinese, forms in written().items():
        for english in forms:
            assert english, chinese
            assert not re.search(r"[\u4e00-\u9fff]", english), english
            assert set(HOLES.findall(english)) <= set(HOLES.findall(chinese)) | {"%(shown)s"}


def test_no_template_says_a_chinese_mark_in_every_language() -> None:
    """`{% translate "，" context "mark" %}` is a comma in the reader's language."""
    said = re.compile(
        r"{% blocktranslate .*?{% endblocktranslate %}|{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL
    )
    for path in (ROOT / "web" / "templates").rglob("*.html"):
        literal = said.sub("", path.read_text("utf-8"))
        assert re.findall(r"[\u3000-\u303f\uff00-\uffef]", literal) == [], path.name


def test_nothing_is_a_guess() -> None:
    for path in (words.ENGLISH, words.HANT):
        assert words.missing(words.read(path)) == []
        assert "#, fuzzy" not in path.read_text("utf-8")
        assert "#~" not in path.read_text("utf-8")


def test_traditional_is_what_the_converter_and_the_list_make_of_the_source() -> None:
    made = words.traditional_text(words.read(words.ENGLISH))
    assert words.HANT.read_text("utf-8") == made, "make words"
    for chinese, forms in written(words.HANT).items():
        for form in forms:
            assert not re.search("[们这为说账发据认证应实设网页“”]", form), form
            assert set(HOLES.findall(form)) <= set(HOLES.findall(chinese)) | {"%(shown)s"}


@pytest.mark.parametrize("path", [words.ENGLISH, words.HANT], ids=["en", "zh_Hant"])
def test_the_compiled_catalogue_is_the_written_one(path: Path) -> None:
    with path.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    expected: dict[object, str] = {"": compiled[""]}
    for message in words.read(path):
        if message.id:
            plural = not isinstance(message.id, str)
            key = message.id[0] if plural else message.id
            key = f"{message.context}\x04{key}" if message.context else key
            for place, form in enumerate(words.forms(message)):
                expected[(key, place) if plural else key] = form
    assert compiled == expected, "make words"


def test_no_visible_chinese_escapes_translation() -> None:
    found = []
    for path in (ROOT / "web" / "templates").rglob("*.html"):
        text = re.sub(
            r"{% blocktranslate.*?{% endblocktranslate %}|{%.*?%}|{{.*?}}",
            "",
            path.read_text("utf-8"),
            flags=re.DOTALL,
        )
        found += [f"{path.name}: {each}" for each in re.findall(r"[\u4e00-\u9fff]+", text)]
    # A seal is a seal, and a language calls itself by its own name.
    assert set(found) == {
        "charity_line.html: 公募",
        "language.html: 简体",
        "language.html: 繁體",
    }

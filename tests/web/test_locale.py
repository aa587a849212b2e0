"""Chinese is the source, English is complete, and the compiled words are the written ones."""

import ast
import gettext
import re
from pathlib import Path

from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

import jusha

ROOT = Path(jusha.__file__).parent
FOLDER = ROOT / "locale" / "en" / "LC_MESSAGES"
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "pgettext_lazy"}
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
            words = texts[1:] if node.func.id.startswith("pgettext") else texts
            found |= {word for word in words if isinstance(word, str)}
    return found


def in_template(path: Path) -> set[str]:
    """The messages that a template marks, plural forms by their first."""
    return {
        ast.literal_eval(one or many)
        for one, many in IN_TEMPLATES.findall(templatize(path.read_text("utf-8")))
    }


def written() -> dict[str, tuple[str, ...]]:
    """The English catalogue: by Chinese, the English forms."""
    with (FOLDER / "django.po").open("rb") as file:
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
    for path in (ROOT / "web").rglob("*.py"):
        marked |= in_python(path)
    for path in (ROOT / "web").rglob("*.html"):
        marked |= in_template(path)
    assert len(marked) > 150
    assert marked - set(written()) == set(), "translate these: make messages"
    assert set(written()) - marked == set(), "nobody says these any more"


def test_no_message_is_untranslated_and_every_hole_is_filled() -> None:
    for chinese, forms in written().items():
        for english in forms:
            assert english, chinese
            assert not re.search(r"[\u4e00-\u9fff]", english), english
            assert set(HOLES.findall(english)) <= set(HOLES.findall(chinese)) | {"%(shown)s"}


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    found: dict[str, list[str]] = {}
    for key, english in compiled.items():
        chinese = (key[0] if isinstance(key, tuple) else key).rpartition("\x04")[2]
        if chinese:
            found.setdefault(chinese, []).append(english)
    expected = {key: sorted(forms) for key, forms in written().items()}
    contexts = {key for key, forms in found.items() if len(forms) != len(expected[key])}
    assert {k: sorted(v) for k, v in found.items() if k not in contexts} == {
        k: v for k, v in expected.items() if k not in contexts
    }, "compile: msgfmt -o django.mo django.po"
    # A word that stands with and without a context has one line each.
    assert contexts <= {"捐赠", "退款"}


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
    # The seal is a seal, and a language calls itself by its own name.
    assert set(found) == {"seal.html: 已证待证", "language.html: 中文"}

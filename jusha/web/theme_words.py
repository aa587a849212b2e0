"""Fields of work as readers call them."""

from django.utils.translation import gettext as _


def theme_name(theme: str) -> str:
    """A field of work in the reader's language; one that is not known stays as it is."""
    names = {
        "education": _("教育"),
        "health": _("医疗健康"),
        "disaster": _("灾害救助"),
        "poverty": _("乡村发展"),
        "children": _("儿童"),
        "elderly": _("老人"),
        "disability": _("残障"),
        "environment": _("自然保护"),
        "culture": _("文化"),
        "animals": _("动物"),
    }
    return names.get(theme, theme)

"""Parts of a page that are drawn again only when what they show has changed."""

from datetime import date
from typing import Any, Final

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString

from jusha.web.held import keep

register = template.Library()
MOST: Final = 256
"""Drawings held of one part: what shows the numbers of a second is soon out of date."""
PLAIN: Final = (str, int, date, type(None))


class HeldNode(template.Node):
    """Draws its part once for each site (mode and language) and each value of its names.

    The part sees these names and `site`, and nothing else: no request, no cookie, no token of a
    form can get into what others are shown.
    """

    def __init__(self, part: NodeList, names: dict[str, FilterExpression]) -> None:
        self.nodelist, self.names = part, names
        self.drawn: dict[tuple[Any, ...], tuple[SafeString, dict[str, Any]]] = {}

    def render(self, context: Context) -> SafeString:
        """Draw the part, or give what was drawn of the same."""
        site = context.get("site")
        shown = {name: each.resolve(context) for name, each in self.names.items()}
        key = (site, *map(key_of, shown.values()))
        found = self.drawn.get(key)
        if found is None:
            found = self.nodelist.render(context.new({"site": site, **shown})), shown
            # With what was shown, so that an identity stays its own.
            keep(self.drawn, key, found, most=MOST)
        return found[0]


def key_of(value: Any) -> Any:
    """What a value is told apart by: its content where it cannot change, else its identity."""
    if isinstance(value, PLAIN):
        return type(value), value
    if isinstance(value, tuple):
        return tuple(map(key_of, value))
    return id(value)


@register.tag
def held(parser: Parser, token: Token) -> HeldNode:
    """{% held project=project %}…{% endheld %}: see HeldNode."""
    name, *given = token.split_contents()
    names = token_kwargs(given, parser)
    if given:
        raise template.TemplateSyntaxError(f"{name} takes name=value, not {given[0]}")
    part = parser.parse(("endheld",))
    parser.delete_first_token()
    return HeldNode(part, names)

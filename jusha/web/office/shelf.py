"""A list that is looked at: its columns by their own words, newest first, nothing to change.

Lists stay quick over tables of any size: no count of the whole, no sorting by a column without an
index, search by whole values that an index finds.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib.admin import ModelAdmin, display
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.utils.functional import Promise, cached_property

from jusha.people.rules import Office
from jusha.web.office.site import OfficeSite, office_of

ALL: Final = frozenset(Office)
MONEY: Final = frozenset({Office.FINANCE})
EXAMINES: Final = frozenset({Office.REVIEWER, Office.OPERATOR, Office.FINANCE})
RUNS: Final = frozenset({Office.OPERATOR, Office.FINANCE})
COUNTED_MAX: Final = 10_000
FEN: Final = 100

Words = str | Promise

if TYPE_CHECKING:
    AnyAdmin = ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:  # generic for the type checker alone
    AnyAdmin, AnyPaginator = ModelAdmin, Paginator


class NearPaginator(AnyPaginator):
    """Counts no further than a person would leaf: a ledger has a hundred million rows."""

    @cached_property
    def count(self) -> int:
        """How many there are, at most 10,000."""
        return int(self.object_list[:COUNTED_MAX].count())  # type: ignore[attr-defined]


def money(name: str) -> str:
    """Mark a column as fen, to be shown as yuan."""
    return f"{name}:fen"


def column(name: str, words: Words) -> Callable[[Model], Any]:
    """One column: an attribute of the row under words of its own."""
    attribute, _, kind = name.partition(":")

    def shown(row: Model) -> Any:
        value = getattr(row, attribute)
        if kind != "fen":
            return value
        return f"{'-' if value < 0 else ''}{abs(value) // FEN:,}.{abs(value) % FEN:02d}"

    shown.__name__ = attribute
    told: Any = words  # lazy, which the stubs spell otherwise
    return display(description=told)(shown)


class Shelf(AnyAdmin):
    """One table for those who hold one of `offices`, and for auditors; all fields it names."""

    title: ClassVar[Words] = ""
    offices: ClassVar[frozenset[Office]] = frozenset()
    columns: ClassVar[dict[str, Words]] = {}
    """Attributes in their order, with their words; `money(...)` marks an amount in fen."""
    wide: ClassVar[dict[str, Words]] = {}
    """What only the row's own page shows besides."""

    actions = None
    sortable_by = ()
    ordering = ("-pk",)
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    paginator = NearPaginator
    view_on_site = False

    def __init__(self, model: type[Model], admin_site: OfficeSite) -> None:
        """Make the columns."""
        made = [column(name, words) for name, words in self.columns.items()]
        more = [column(name, words) for name, words in self.wide.items()]
        everything: Any = (*made, *more)
        self.list_display = tuple(made)
        self.fields = self.readonly_fields = everything  # type: ignore[misc] # as the admin reads
        super().__init__(model, admin_site)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Who holds one of the offices, or looks after everybody."""
        return office_of(request) in self.offices | {Office.AUDITOR}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As for its rows."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        """Nobody."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The list, under its own title."""
        return super().changelist_view(request, {"title": self.title, **(extra_context or {})})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """One row, under the list's title."""
        told = {"title": self.title, "shelf": self.title, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, told)

    def _get_obj_does_not_exist_redirect(
        self,
        request: HttpRequest,  # noqa: ARG002
        opts: Any,  # noqa: ARG002
        object_id: str | None,
    ) -> Any:
        """Say that there is no such row, instead of leading elsewhere with a message."""
        raise Http404(object_id)

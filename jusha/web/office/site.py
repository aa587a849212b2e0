"""The admin's site: opened to officers alone, with the desk's own guard, and for reading alone."""

from typing import Any, Final

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy, pgettext_lazy

from jusha.people.rules import Office
from jusha.web.desk.guard import SAFE, lead_away
from jusha.web.desk.staff import Staff, staff_of

OFFICERS: Final = tuple(Office)
ROOMS: Final = {
    "charities": gettext_lazy("慈善组织"),
    "projects": pgettext_lazy("many", "项目"),
    "stories": gettext_lazy("官方账号"),
    "teams": gettext_lazy("队伍和企业"),
    "oversight": gettext_lazy("举报与监督"),
    "law": gettext_lazy("法律的数"),
    "uploads": gettext_lazy("上传的文件"),
    "giving": gettext_lazy("捐赠"),
    "payments": gettext_lazy("支付"),
    "campaigns": gettext_lazy("活动"),
    "matching": gettext_lazy("配捐"),
    "ledger": gettext_lazy("账本"),
    "people": gettext_lazy("人和职位"),
    "notices": gettext_lazy("消息"),
    "settlement": gettext_lazy("结算"),
}
"""The index's groups, in their order: the rooms of the house that have something to show."""


def office_of(request: HttpRequest) -> Office | None:
    """The office of who asks; None for everybody else."""
    if not hasattr(request, "staff"):  # the guard has asked once for the whole page
        request.staff = staff_of(request.user)  # type: ignore[attr-defined]
    staff: Staff | None = request.staff  # type: ignore[attr-defined]
    return staff.office if staff else None


class OfficeSite(AdminSite):
    """Django's admin without its sign-in, its passwords and its writing."""

    site_header = gettext_lazy("聚沙 · 查阅")
    site_title = site_header
    index_title = gettext_lazy("查得到一切，改不了任何东西")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Only who holds an office of the platform."""
        return office_of(request) is not None

    def admin_view(
        self,
        view: Any,  # the admin's own kind of view
        cacheable: bool = False,  # noqa: FBT001, FBT002 - as the admin calls it
    ) -> Any:
        """Open a view by the desk's guard: sign-in, second factor, office; and only to read."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in SAFE:
                return HttpResponseNotAllowed(sorted(SAFE))
            led = lead_away(request, OFFICERS, charity="", fresh=False)
            return led if led is not None else inner(request, *args, **kwargs)

        return guarded

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The index, the lists and their rows: no sign-in, no password, no shortcut elsewhere."""
        found: list[URLPattern | URLResolver] = [
            path("", self.admin_view(self.index), name="index"),
            path("jsi18n/", self.admin_view(self.i18n_javascript, cacheable=True), name="jsi18n"),
        ]
        for model, shelf in self._registry.items():
            found += [
                path(f"{model._meta.model_name}/", self.admin_view(shelf.changelist_view),
                     name=f"jusha_{model._meta.model_name}_changelist"),
                path(f"{model._meta.model_name}/<path:object_id>/",
                     self.admin_view(shelf.change_view),
                     name=f"jusha_{model._meta.model_name}_change"),
            ]  # fmt: skip
        return found

    def get_app_list(
        self,
        request: HttpRequest,
        app_label: str | None = None,  # noqa: ARG002 - as the admin calls it
    ) -> list[dict[str, Any]]:
        """What this officer may see, by room; there is one app, so `app_label` says nothing."""
        groups: dict[str, list[dict[str, Any]]] = {room: [] for room in ROOMS}
        for model, shelf in self._registry.items():
            if shelf.has_view_permission(request):
                groups[model.__module__.split(".")[1]].append(
                    {
                        "model": model,
                        "name": shelf.title,  # type: ignore[attr-defined]
                        "object_name": model.__name__,
                        "admin_url": f"{model._meta.model_name}/",
                        "add_url": None,
                        "view_only": True,
                        "perms": {"view": True},
                    }
                )
        return [
            {"name": ROOMS[room], "app_label": room, "app_url": "", "models": models}
            for room, models in groups.items()
            if models
        ]


site = OfficeSite(name="office")

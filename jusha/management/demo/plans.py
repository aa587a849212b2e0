"""Plans of the demo's projects, made of what their pages say; every figure is invented."""

from typing import Final

from jusha.projects.models import Project
from jusha.projects.plan_models import ProjectPlan
from jusha.projects.plan_rules import PERMILLE, Line, Plan

TEXTS: Final = {
    "region": "全国（互联网）",
    "responsible": "演示负责人",
    "ways": "本平台在线捐赠；银行转账",
    "bank_account": "机构自己的账户（演示，虚构）",
    "beneficiaries_how": "由当地提供名单，机构核对后公示",
    "costs": "募捐成本列在预算里，不再另收。",
    "leftover": "用于本机构目的相近的项目，并向社会公开。",
    "partners": "无",
    "interests": "无",
}


def write_plan(project: Project) -> None:
    """Keep the first version of a project's plan; safe to repeat. Writes: jusha_projectplan."""
    if ProjectPlan.objects.filter(project=project.code).exists():
        return
    content = plan_of(project).document() | {"parent": project.parent}
    ProjectPlan.objects.create(
        charity=project.charity.code, project=project.code, version=1, content=content
    )


def plan_of(project: Project) -> Plan:
    """A plan whose lines come to the project's target and whose split is the fund's."""
    running = -(-project.target_amount * project.running_permille // PERMILLE)
    aid, unit = project.target_amount - running, project.unit_amount
    count, rest = divmod(aid, unit)
    raising = running // 4
    lines = [Line("aid", project.unit_zh, unit, count, project.unit_zh)]
    lines += [Line("aid", "零星资助", rest, 1, "次")] if rest else []
    lines += [Line("admin", "管理费用", running - raising, 1, "")] if running else []
    lines += [Line("raise", "募捐成本", raising, 1, "")] if raising else []
    texts = TEXTS | {
        "title": project.title_zh,
        "summary": project.summary_zh,
        "story": project.story_zh,
        "place": project.place_zh,
        "purpose": project.summary_zh,
        "office_address": project.charity.address_zh,
        "beneficiaries_range": f"{project.place_zh}的受益人",
        "beneficiaries_number": f"约 {count} 份",
        "use": f"用于{project.title_zh}。",
        "title_en": project.title_en,
        "summary_en": project.summary_en,
        "story_en": project.story_en,
    }
    return Plan(texts, tuple(lines), project.target_amount, project.theme)

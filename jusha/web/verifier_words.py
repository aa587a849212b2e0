"""What the browser verifier says, in simplified and traditional Chinese and English at once.

The page is one file for everyone, so that its digest can be published: it carries every language
and chooses in the browser. The refusals are word for word those of `verify/verify.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.web import words
from jusha.web.language import html_language, in_words

PAGE: Final = {
    "brand": _("聚沙"),
    "sandbox": _("沙盒演示：机构、项目和捐款都是虚构的，不会有真钱流动。"),
    "title": _("验证一张凭证"),
    "lead": _("凭证只在您的设备上核对：不上传，不联网。改动过一个字，就验不过。"),
    "no_script": _(
        "这一页需要浏览器运行它的脚本，现在没有运行。请打开浏览器的 JavaScript，或者把本页存成"
        "“网页，仅 HTML”再打开；也可以不用浏览器，用 verify.py 核对："
    ),
    "pick": _("选择凭证文件"),
    "pick_hint": _("名字以 .tlog-proof 结尾。也可以把文件拖到这里，或者直接粘贴。"),
    "paste": _("粘贴凭证的内容"),
    "paste_label": _("凭证的全部内容"),
    "check": _("核对"),
    "trust": _("相信谁的签名"),
    "own_key": _("本页自带的公钥"),
    "own_key_hint": _(
        "只有和它相配的签名才算数。请和别处公布的比一比：账本的 /log/vkey、见证人、别人的这一页。"
    ),
    "own_policy": _("本页自带的信任文件"),
    "no_key": _("这一页存下来的时候，账本还没有公钥。请在下面填写。"),
    "trust_label": _("另一把公钥，或一份信任文件（C2SP tlog-policy）"),
    "trust_hint": _("留空就用自带的公钥。信任文件还可以写明要有哪些见证人的签名。"),
    "busy": _("正在核对…"),
    "proven": _("已证明：账本里有这条记录，一字未改。"),
    "refused": _("不能证明：%(why)s。"),
    "unable": _("无法核对：%(why)s。"),
    "detail": _("原因（给程序员）"),
    "steps": _("核对了什么"),
    "what": _("记录里写着"),
    "match": _("配捐"),
    "project": _("项目"),
    "campaign": _("活动"),
    "channel": _("渠道"),
    "minute": _("时间"),
    "beijing": _("北京时间 %(at)s"),
    "ref": _("关联的记录"),
    "place": _("位置"),
    "place_of": _("第 %(n)s 条，账本共 %(size)s 条"),
    "log": _("账本"),
    "entry_no": _("第 %(n)s 条"),
    "rule_pool": _("规则 %(rule)s，配捐池 %(pool)s"),
    "match_for": _("给第 %(n)s 条的配捐"),
    "no_match": _("没有配捐"),
    "private": _("私密部分（只有这个文件里有）"),
    "private_name": _("名字"),
    "private_note": _("留言"),
    "private_order": _("订单"),
    "raw": _("账本上的原文"),
    "limits": _("没有证明什么"),
    "limit_money": _("钱花到了哪里。那要看项目的公示。"),
    "limit_split": _(
        "是不是人人看到同一本账。没有要求见证人签名：请把签名的根和别人看到的比一比。"
    ),
    "limit_private": _("捐赠人是谁。分享用的凭证里没有私密部分。"),
    "twice": _("日志的签名用两套程序各算了一遍，结果相同。"),
    "once": _("这个浏览器自己不会算 Ed25519，签名由本页的程序核对。"),
    "keep": _("这一页可以留着用"),
    "keep_text": _(
        "它是一个完整的文件，样式、程序和公钥都在里面。存下来，以后断网也能用，我们不在了也能用。"
    ),
    "download": _("下载这一页"),
    "keep_how": _(
        "在浏览器里另存也可以，请选“仅 HTML”或“全部”；"
        "单个文件（.mhtml）不行，浏览器不让它运行脚本。"
    ),
    "keep_other": _("不想相信这一页？把独立的程序放在凭证旁边，再验一次："),
    "get_program": _("下载 verify.py"),
    "needs_python": _("需要 Python 3.11 和一个公开的程序包：pip install cryptography。"),
    "which_file": _("N 是凭证文件名里的编号。"),
    "home": _("公示账本"),
}  # fmt: skip

STAMPS: Final = {"proven": "已证", "refused": "不符", "unable": "未核"}
"""A seal is a seal: Chinese in every language (the reader's characters), never read aloud."""

STEPS: Final = {
    "file": _("文件完整"),
    "record": _("记录可读"),
    "opening": _("私密部分与承诺相符"),
    "checkpoint": _("检查点属于您相信的账本"),
    "signature": _("账本签了名"),
    "witnesses": _("见证人签了名"),
    "place": _("记录在账本的这个位置"),
    "number": _("编号就是位置"),
}
"""What each step checks; said of a step that passed, failed, or was not reached."""

PASSED: Final = {
    "file": _("收据格式 tlog-proof，路径上有 %(n)s 个散列。"),
    "record": _("规范的 JSON，散列 %(hash)s"),
    "opening": _("名字和留言正是下单时封存的那些。"),
    "opening_absent": _("文件里没有私密部分，不用核对。"),
    "checkpoint": _("%(name)s，共 %(size)s 条。"),
    "signature": _("Ed25519 签名有效，公钥编号 %(id)s。"),
    "witnesses": _("%(n)s 位见证人的签名有效。"),
    "witnesses_not_asked": _("没有要求见证人。"),
    "unknown": _("另有 %(n)s 个签名，您没有给出它们的公钥，没有核对。"),
    "place": _("从第 %(place)s 条合并 %(n)s 步，得到签名的根 %(hash)s"),
    "number": _("第 %(place)s 条。"),
    "number_not_asked": _("这种记录的编号不必是位置。"),
    "not_reached": _("没有核对到这一步"),
    "broken": _("这一步不符"),
}

REASONS: Final = {
    "too-large": _("文件超过 1 MB，不是收据"),
    "line-ends": _("换行被改过，请重新下载"),
    "not-whole": _("文件不是完整的收据"),
    "no-record": _("文件里没有这笔记录的内容"),
    "record-malformed": _("记录格式不对"),
    "too-long": _("记录过长"),
    "commitment": _("私密部分与承诺不符"),
    "checkpoint-malformed": _("检查点格式不对"),
    "unknown-log": _("信任文件里没有这个日志"),
    "no-log-signature": _("没有日志的有效签名"),
    "bad-signature": _("签名无效"),
    "no-quorum": _("见证人不够"),
    "not-included": _("记录不在日志的这个位置"),
    "version": _("记录的版本不认识"),
    "number": _("编号与位置不同"),
    "policy-controls": _("信任文件过大或有控制字符"),
    "policy-line": _("信任文件第 %(n)s 行有误"),
    "policy-no-log": _("信任文件没有写日志公钥"),
    "policy-no-quorum": _("信任文件没有 quorum 行"),
    "two-answers": _("本页和浏览器对同一个签名算出了不同的结果"),
    "unreadable": _("读不了这个文件"),
}
"""Word for word as verify/verify.py says them (a test compares), but for the last two."""

MEANINGS: Final = {
    "too-large": _("凭证只有几千字节。请确认选对了文件。"),
    "line-ends": _("有的邮件和编辑器会改换行。请从记录页重新下载，不要用编辑器打开再保存。"),
    "not-whole": _("这可能不是凭证，或者传送时丢了一部分。请重新下载。"),
    "no-record": _("请从记录页或订单页下载凭证。"),
    "record-malformed": _("这里的内容不是账本会写的样子：它被改过，或者本来就不是凭证。"),
    "too-long": _("账本里的一条记录不会这么长。"),
    "commitment": _("名字、留言或订单号被换过：账本里封存的不是这些。"),
    "checkpoint-malformed": _("签名的那一部分被改过，或者丢了一部分。"),
    "unknown-log": _(
        "它属于 %(name)s，而您相信的公钥不是它的。可能拿错了凭证，也可能有人另造了一本账。"
    ),
    "no-log-signature": _("凭证没有用您相信的公钥签名。请先确认公钥：换过公钥，或者凭证是假的。"),
    "bad-signature": _("%(name)s 的签名和内容对不上：签名之后内容被改过，或者签名是假的。"),
    "no-quorum": _("您的信任文件要求更多见证人，这张凭证上有效的只有 %(n)s 位。"),
    "not-included": _(
        "沿凭证里的路径算不出签名的根：金额、项目等内容被改过，或者路径是别的记录的。"
    ),
    "version": _("这一页太旧，或者记录不是聚沙写的。"),
    "number": _("记录自称的编号和它在账本里的位置不一样，这是账本的错误，请告诉我们和见证人。"),
    "policy-controls": _("请重新取得信任文件，不要用文字处理软件打开它。"),
    "policy-line": _("请逐字核对这一行；公钥要整行复制。"),
    "policy-no-log": _("请写一行：log 空格 公钥。"),
    "policy-no-quorum": _("写了见证人，就要写明要几位签名才算数。"),
    "two-answers": _("请换一个浏览器，或者用 verify.py 核对。"),
    "unreadable": _("请再选一次，或者把内容粘贴到下面。"),
}  # fmt: skip


def every_language() -> dict[str, Any]:
    """All words by language (`zh-Hans`, `zh-Hant`, `en`), as plain text that JSON can carry."""
    found: dict[str, Any] = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found[html_language(code)] = _plain(
                {
                    "page": PAGE,
                    "stamps": {name: in_words(word, word) for name, word in STAMPS.items()},
                    "steps": STEPS,
                    "passed": PASSED,
                    "reasons": REASONS,
                    "meanings": MEANINGS,
                    "kinds": words.KINDS,
                    "why": words.why_templates(),
                }
            )
    return found


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same mapping with every lazy text told in the active language."""
    return {
        name: _plain(each)
        if isinstance(each, Mapping)
        else str(each)
        if isinstance(each, Promise)
        else each
        for name, each in value.items()
    }

"""Traditional Chinese made from Simplified: our own words by a reviewed list, others' as written.

The source of every word of ours is Simplified. Its Traditional catalogue is made by OpenCC with
`s2tw` (characters as Taiwan's standard writes them, which Hong Kong reads without effort) and not
with `s2twp`, whose words guess the subject: it makes program code (程式碼) of a project's code and
a 專案 of a charity's 項目. What should read otherwise stands in WORDS, looked at one by one.

What people write (names, titles, stories, notices) is shown in the characters of the reader and
with no word exchanged, because a name stays a name. The log, proofs and documents stay as they are.
"""

from functools import cache, lru_cache
from typing import Final

from opencc import OpenCC

CHARACTERS: Final = {
    "賬": "帳",
    "收銀臺": "收銀台",
    "平臺": "平台",
    "臺灣": "台灣",
    "硃": "朱",
    "公佈": "公布",
    "發佈": "發布",
    "祕": "秘",
}
"""One spelling where two are right, as most people write it; for every text."""

WORDS: Final = {
    # What a character by character conversion gets wrong, because it cuts words elsewhere.
    "帳本里": "帳本裡",
    "整行復制": "整行複製",
    # Words of law, whole, so that nothing below touches them.
    "互聯網公開募捐信息平台": "互聯網公開募捐信息平台",
    "統一社會信用代碼": "統一社會信用代碼",
    # Computing, where both sides of the strait say different things.
    "文字處理軟件": "文書處理軟體",
    "程序員": "程式設計師",
    "程序": "程式",
    "文件": "檔案",
    "數據庫": "資料庫",
    "信息": "資訊",
    "設備": "裝置",
    "腳本": "指令碼",
    "字節": "位元組",
    "字符": "字元",
    "兼容": "相容",
    "演算法": "演算法",
    "算法": "演算法",
    "散列": "雜湊值",
    "刷新": "重新整理",
    "粘貼到": "貼到",
    "粘貼": "貼上",
    "導入": "匯入",
    "斷網": "離線",
    "聯網": "連線",
    "保存": "儲存",
    "運行狀況": "運作狀況",
    "在運行": "在運作",
    "運行它的": "執行它的",
    "沒有運行": "沒有執行",
    "它運行": "它執行",
    "人運行": "人運作",
    "運營者運行": "營運者運作",
    # The rest of the language.
    "聯繫": "聯絡",
    "查找": "查詢",
}
"""Words of ours, after conversion, and what to say instead. The longest wins."""

QUOTES: Final = str.maketrans({"“": "「", "”": "」", "‘": "『", "’": "』"})
"""Traditional text quotes with corner brackets."""


@cache
def _converter() -> OpenCC:
    return OpenCC("s2tw")


@lru_cache(maxsize=8192)
def traditional(text: str) -> str:
    """What somebody wrote, in Traditional characters and with no word exchanged."""
    return _replaced(_converter().convert(text), CHARACTERS)


def reworded(text: str) -> str:
    """A message of ours in Traditional Chinese: characters, words and quotation marks."""
    return _replaced(traditional(text), WORDS).translate(QUOTES)


def _replaced(text: str, pairs: dict[str, str]) -> str:
    """Replace what `pairs` lists, from left to right, the longest first and each place once."""
    found, place = [], 0
    ordered = sorted(pairs, key=len, reverse=True)
    while place < len(text):
        key = next((each for each in ordered if text.startswith(each, place)), "")
        found.append(pairs[key] if key else text[place])
        place += len(key) or 1
    return "".join(found)

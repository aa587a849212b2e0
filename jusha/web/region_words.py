"""Provinces as readers call them; the index knows them by their short Chinese names."""

from typing import Final

from jusha.web.language import in_english, in_words

ENGLISH: Final = {
    "北京": "Beijing", "天津": "Tianjin", "河北": "Hebei", "山西": "Shanxi",
    "内蒙古": "Inner Mongolia", "辽宁": "Liaoning", "吉林": "Jilin", "黑龙江": "Heilongjiang",
    "上海": "Shanghai", "江苏": "Jiangsu", "浙江": "Zhejiang", "安徽": "Anhui",
    "福建": "Fujian", "江西": "Jiangxi", "山东": "Shandong", "河南": "Henan",
    "湖北": "Hubei", "湖南": "Hunan", "广东": "Guangdong", "广西": "Guangxi",
    "海南": "Hainan", "重庆": "Chongqing", "四川": "Sichuan", "贵州": "Guizhou",
    "云南": "Yunnan", "西藏": "Tibet", "陕西": "Shaanxi", "甘肃": "Gansu",
    "青海": "Qinghai", "宁夏": "Ningxia", "新疆": "Xinjiang", "台湾": "Taiwan",
    "香港": "Hong Kong", "澳门": "Macao", "演示": "Demo Province",
}  # fmt: skip


def region_name(region: str) -> str:
    """A province in the reader's language; one that is not known stays as it was written."""
    english = ENGLISH.get(region, "")
    return english if english and in_english() else in_words(region, region)

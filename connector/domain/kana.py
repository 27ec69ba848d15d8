"""Half-width and full-width kana: which belong together, and how voicing marks join or part."""

import re
import unicodedata

_FULL = (
    "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソ"
    "タチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
)
_HALF = "".join(chr(point) for point in range(0xFF61, 0xFF9E))
_VOICED, _HALF_VOICED = "\u3099", "\u309a"  # the marks that join the kana before them

_TO_FULL = str.maketrans(_HALF + "ﾞﾟ", _FULL + _VOICED + _HALF_VOICED)
_TO_HALF = str.maketrans(_FULL + _VOICED + _HALF_VOICED + "゛゜", _HALF + "ﾞﾟﾞﾟ")
_TO_KATAKANA = {point: point + 0x60 for point in range(0x3041, 0x3097)}  # from ぁ to ゖ
_TO_LARGE = str.maketrans("ァィゥェォャュョッヮヵヶｧｨｩｪｫｬｭｮｯ", "アイウエオヤユヨツワカケｱｲｳｴｵﾔﾕﾖﾂ")
_ALONE = str.maketrans(_VOICED + _HALF_VOICED, "゛゜")

_RUN_OF_HALF = re.compile("[\uff61-\uff9f]+")
_KANA_AND_MARK = re.compile("[\u3041-\u30ff][\u3099\u309a]")
_VOICED_KATAKANA = re.compile("[\u30a1-\u30fa]")


def composed(text: str) -> str:
    r"""The same text with every kana and the voicing mark after it as one character; nothing else changes.

    >>> len("か\u3099"), composed("か\u3099")
    (2, 'が')
    """
    return _KANA_AND_MARK.sub(lambda pair: unicodedata.normalize("NFC", pair[0]), text)


def full_width_kana(text: str) -> str:
    """The same text with half-width kana made full-width; nothing else changes.

    >>> full_width_kana("ｶﾞｽﾞ代 ①㈱ABC")
    'ガズ代 ①㈱ABC'
    """
    return composed(_RUN_OF_HALF.sub(lambda run: composed(run[0].translate(_TO_FULL)).translate(_ALONE), text))


def katakana(text: str) -> str:
    """The same text with hiragana made katakana; nothing else changes.

    >>> katakana("ゔぁいおりん abc")
    'ヴァイオリン abc'
    """
    return composed(text).translate(_TO_KATAKANA)


def half_width_kana(text: str) -> str:
    """The same text with full-width katakana made half-width, where there is a half-width form; nothing else changes.

    >>> half_width_kana("ガッコウ パーティー")
    'ｶﾞｯｺｳ ﾊﾟｰﾃｨｰ'
    """
    parted = _VOICED_KATAKANA.sub(lambda kana: unicodedata.normalize("NFD", kana[0]), composed(text))
    return parted.translate(_TO_HALF)


def large_kana(text: str) -> str:
    """The same text with small katakana made large, as banks write names.

    >>> large_kana("ｷｬｯｼｭ")
    'ｷﾔﾂｼﾕ'
    """
    return text.translate(_TO_LARGE)

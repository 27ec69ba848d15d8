"""What each finding says to a person: in Japanese and English, what is wrong with a value and what to do about it."""

from collections.abc import Mapping

from connector.domain.finding import Code, Finding
from connector.wording.facts import shown
from connector.wording.spoken import Language, Said, Wording, both


def say_of(finding: Finding) -> Said:
    """What to tell a person about `finding`; its facts are filled in."""
    told = FINDINGS[finding.code]
    return Said(ja=_filled_in(told.ja, finding, Language.JA), en=_filled_in(told.en, finding, Language.EN))


def _filled_in(wording: Wording, finding: Finding, language: Language) -> Wording:
    facts = {name: shown(name, fact, language) for name, fact in finding.facts.items()}
    return Wording(what=wording.what.format_map(facts), action=wording.action.format_map(facts))


_MEND_JA = "値を直してください。"
_MEND_EN = "Correct the value."
_NOTHING_JA = "意図した値なら、操作は不要です。違う場合は値を直してください。"
_NOTHING_EN = "Nothing, if that is what you mean; otherwise correct the value."
_ADD_UP_JA = "どれかの金額を直し、合計が合うようにしてください。"
_ADD_UP_EN = "Correct one of the amounts so that they add up."

FINDINGS: Mapping[Code, Said] = {
    Code.VALUE_MISSING: both(
        "値がありません。",
        "値を入力してください。",
        "The value is missing.",
        "Give a value.",
    ),
    Code.VALUE_NORMALISED: both(
        "「{given}」を「{used}」として扱います。", _NOTHING_JA, "“{given}” is taken as “{used}”.", _NOTHING_EN
    ),
    Code.TEXT_TOO_LONG: both(
        "{length}文字あり、上限の{most}文字を超えています。",
        "短くしてください。自動では切り詰めません。",
        "It has {length} characters, and {most} is the most.",
        "Shorten it; it is not cut for you.",
    ),
    Code.CHARACTERS_UNUSABLE: both(
        "使用できない制御文字か、見えない文字があります: {characters}。",
        "その文字を取り除いてください。",
        "It holds control characters or invisible ones: {characters}.",
        "Take them out.",
    ),
    Code.CHARACTERS_UNEXPECTED: both(
        "この項目で使用できない文字があります: {characters}。",
        "その文字を取り除くか、使用できる文字に書き換えてください。",
        "It holds characters that cannot stand here: {characters}.",
        "Take them out or write them otherwise.",
    ),
    Code.CHARACTERS_WOULD_VANISH: both(
        "連携先が通知なく取り除く文字があります: {characters}。",
        "この項目は照合に使われるため、置き換えません。その文字を含まない値にしてください。",
        "It holds characters that the provider drops without a word: {characters}.",
        "Other things are found by this value, so nothing is replaced. Choose one without them.",
    ),
    Code.CHARACTERS_REPLACED: both(
        "連携先が通知なく取り除く文字（{characters}）を、{used} に置き換えます。",
        _NOTHING_JA,
        "Characters that the provider drops without a word ({characters}) are replaced by {used}.",
        _NOTHING_EN,
    ),
    Code.CHARACTERS_RARE: both(
        "環境によって表示や印刷ができない文字があります: {characters}。",
        "相手に確実に伝える必要があれば、別の文字に書き換えてください。",
        "It holds characters that not every screen and printer can show: {characters}.",
        "Write them otherwise if the other side must be able to read them.",
    ),
    Code.DIGITS_WRONG_COUNT: both(
        "数字が{digits}桁です。{wanted}桁が必要です。",
        "桁数を確認してください。",
        "It has {digits} digits, and {wanted} are needed.",
        "Check the number of digits.",
    ),
    Code.TOO_MANY: both(
        "{count}件あり、上限の{most}件を超えています。",
        "件数を減らすか、分けて送信してください。",
        "There are {count}, and {most} is the most.",
        "Send fewer, or send them in parts.",
    ),
    Code.FILES_TOO_LARGE: both(
        "添付ファイルは合計{bytes}バイトで、上限の{most}バイトを超えています。",
        "ファイルを小さくするか、減らしてください。",
        "The files have {bytes} bytes together, and {most} is the most.",
        "Make them smaller or send fewer.",
    ),
    Code.NOT_TOGETHER: both(
        "{one}と{other}は同時に依頼できません。",
        "別々に依頼してください。",
        "You cannot ask for {one} together with {other}.",
        "Ask for them one after the other.",
    ),
    Code.NOT_HERE: both(
        "この依頼では{one}を指定できません。",
        "指定を取り除いてください。",
        "You cannot ask for {one} here.",
        "Take it out.",
    ),
    Code.NUMBER_UNREADABLE: both(
        "「{given}」は数値として読み取れません。",
        "半角の数字で入力してください（例: -1234.5）。",
        "“{given}” is not a number.",
        "Write it in plain digits, such as -1234.5.",
    ),
    Code.NUMBER_TOO_LARGE: both(
        "整数部が{digits}桁あり、上限の{most}桁を超えています。",
        _MEND_JA,
        "It has {digits} digits before the point, and {most} is the most.",
        _MEND_EN,
    ),
    Code.NUMBER_TOO_FINE: both(
        "小数部が{decimals}桁あり、上限の{most}桁を超えています。",
        "端数を処理した値を入力してください。自動では丸めません。",
        "It has {decimals} digits after the point, and {most} is the most.",
        "Round it yourself; it is not rounded for you.",
    ),
    Code.CURRENCY_UNKNOWN: both(
        "「{given}」は ISO 4217 の通貨コードではありません。",
        "JPY、USD のような3文字のコードを入力してください。",
        "“{given}” is no currency code of ISO 4217.",
        "Give a code of three letters such as JPY or USD.",
    ),
    Code.DAY_UNREADABLE: both(
        "「{given}」は日付として読み取れません。",
        "2026-04-01、2026/04/01、20260401、令和8年4月1日、R8.4.1 のいずれかの形で入力してください。",
        "“{given}” is not a date.",
        "Write it as 2026-04-01, 2026/04/01 or 20260401, or by the era as R8.4.1.",
    ),
    Code.DAY_DOES_NOT_EXIST: both(
        "「{given}」という日は存在しません。", _MEND_JA, "There is no such day as “{given}”.", _MEND_EN
    ),
    Code.DAY_OUTSIDE_ERA: both(
        "「{given}」は{era}の期間（{days}）に含まれません。",
        "元号か年を直すか、西暦で入力してください。",
        "“{given}” is not within its era, {era} ({days}).",
        "Correct the era or the year, or use the Western year.",
    ),
    Code.REGISTRATION_WITHOUT_T: both(
        "登録番号「{given}」が T で始まっていません。",
        "T と13桁の数字を入力してください。法人番号だけでは登録番号になりません。",
        "The registration number “{given}” does not start with T.",
        "Give T and 13 digits; a corporate number alone is no registration number.",
    ),
    Code.CHECK_DIGIT_WRONG: both(
        "検査用数字が合いません。先頭の数字は{found}ですが、残りの12桁からは{expected}になります。",
        "番号の写し間違いがないか確認してください。",
        "The check digit does not fit: the first digit is {found}, and the other twelve ask for {expected}.",
        "Look for a slip in copying the number.",
    ),
    Code.CHECK_DIGIT_DOUBTFUL: both(
        "先頭の数字は{found}ですが、残りの12桁からは{expected}になります。個人事業者の番号なら正しい場合があります。",
        "番号の写し間違いがないか確認してください。",
        "The first digit is {found}, and the other twelve ask for {expected}; a sole proprietor's may still be right.",
        "Look for a slip in copying the number.",
    ),
    Code.DEPOSIT_KIND_UNKNOWN: both(
        "預金種目「{given}」は使用できません。",
        "1（普通）、2（当座）、4（貯蓄）、9（その他）のいずれかを入力してください。",
        "“{given}” is no kind of deposit.",
        "Give 1 (ordinary), 2 (current), 4 (savings) or 9 (other).",
    ),
    Code.KANA_NOT_TAKEN_EVERYWHERE: both(
        "金融機関によって使用できない文字があります: {characters}。",
        "振込先の金融機関に登録された表記を確認してください。",
        "It holds a character that some banks do not take: {characters}.",
        "Look up how the account's own bank writes the name.",
    ),
    Code.MAIL_ADDRESS_BROKEN: both(
        "メールアドレスの{part}が正しくありません。",
        "name@example.co.jp の形で、1件だけ入力してください。",
        "The mail address is broken: look at its {part}.",
        "Give one address such as name@example.co.jp.",
    ),
    Code.FIGURE_UNSTATED: both(
        "{figure}が空欄のため、計算を確認できません。",
        "確認が必要なら、金額を入力してください。",
        "The {figure} is not stated, so the sums could not be checked.",
        "State it if they should be.",
    ),
    Code.RATE_UNSTATED: both(
        "税率が空欄のため、明細と税率別の合計が合うか確認できません。",
        "確認が必要なら、税率を入力してください。",
        "The rate is not stated, so lines and rates could not be compared.",
        "State it if they should be.",
    ),
    Code.RATE_REPEATED: both(
        "{bucket}の内訳が二つ以上あります。",
        "税率ごとに一つにまとめ、端数処理を一度だけにしてください。",
        "There is more than one summary of {bucket}.",
        "Make it one, so that its tax is rounded once.",
    ),
    Code.RATE_ENDED: both(
        "{bucket}は{last_day}までの取引の税率で、取引日は{day}です。",
        "税率を直してください。経過措置の対象なら、その旨を指定してください。",
        "The transaction is of {day}, and {bucket} ended on {last_day}.",
        "Correct the rate, or say that a transitional measure applies.",
    ),
    Code.RATE_DOUBTFUL: both(
        "{bucket}は、{last_day}までの取引か経過措置の対象にだけ適用されます。",
        "取引日と経過措置の適用を確認してください。",
        "Only transactions up to {last_day}, or under a transitional measure, bear {bucket}.",
        "Check the day of the transaction and the measure.",
    ),
    Code.TAX_UNLAWFUL: both(
        "消費税額{tax}円は、税率ごとの合計から一度だけ端数処理した額（{least}円から{most}円）ではありません。",
        "明細ごとに端数処理した額を合計していないか確認し、消費税額を直してください。",
        "A tax of {tax} yen is none that rounding the rate's total once can give ({least} to {most} yen).",
        "See whether taxes rounded line by line were added up, and correct the tax.",
    ),
    Code.TAX_ROUNDED_OTHERWISE: both(
        "消費税額は{tax}円ですが、指定の端数処理（{rounding}）では{expected}円です。",
        "どの端数処理も認められます。意図した額か確認してください。",
        "The tax is {tax} yen; rounding {rounding}, as was chosen, gives {expected} yen.",
        "Every direction is lawful; see whether this one is meant.",
    ),
    Code.TAX_UNUSUAL: both(
        "手入力の消費税額{tax}円は、税率から計算した額（{least}円から{most}円）と異なります。",
        "意図した額か確認してください。",
        "The tax entered by hand, {tax} yen, is not what the rate gives ({least} to {most} yen).",
        "See whether it is meant.",
    ),
    Code.TAX_WITHOUT_RATE: both(
        "{bucket}には消費税がかかりませんが、消費税額{tax}円があります。",
        "消費税額を0にするか、税率区分を直してください。",
        "There is a tax of {tax} yen on {bucket}, which bears none.",
        "Set the tax to 0 or correct the rate.",
    ),
    Code.SUM_DIFFERS: both(
        "税抜金額{net}と消費税額{tax}の合計が、税込金額{gross}と一致しません。",
        _ADD_UP_JA,
        "The amount before tax, {net}, and the tax, {tax}, do not add up to the amount with tax, {gross}.",
        _ADD_UP_EN,
    ),
    Code.LINES_DIFFER: both(
        "明細の{figure}の合計{sum}が、税率別の{figure}{stated}と一致しません。",
        _ADD_UP_JA,
        "The lines' {figure} adds up to {sum}, and the rate's is {stated}.",
        _ADD_UP_EN,
    ),
    Code.LINES_ROUNDED: both(
        "明細の{figure}の合計{sum}と税率別の{figure}{stated}に、端数処理による差があります。",
        "税率ごとの額が正しいので、操作は不要です。",
        "The lines' {figure} adds up to {sum}, and the rate's is {stated}; rounding explains the difference.",
        "Nothing; the rate's figure is the one that counts.",
    ),
    Code.TOTAL_DIFFERS: both(
        "{figure}の内訳の合計{sum}が、請求書全体の{figure}{stated}と一致しません。",
        _ADD_UP_JA,
        "The parts' {figure} adds up to {sum}, and the whole invoice's is {stated}.",
        _ADD_UP_EN,
    ),
    Code.TAX_PAIR_BROKEN: both(
        "税込金額と消費税額の一方だけがあり、{missing}がありません。",
        "両方を入力するか、両方を空欄にしてください。",
        "Amount with tax and tax come as a pair, and the {missing} is missing.",
        "State both or neither.",
    ),
    Code.PAYABLE_DIFFERS: both(
        "請求金額{stated}が、税込金額の合計から源泉徴収税額{withheld}を引いた{expected}と一致しません。",
        _ADD_UP_JA,
        "The amount asked for is {stated}; all amounts with tax, less {withheld} withheld at source, are {expected}.",
        _ADD_UP_EN,
    ),
}

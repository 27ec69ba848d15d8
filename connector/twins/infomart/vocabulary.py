"""The vocabulary holds every invented name: suppliers, goods, places, banks and accounts that exist nowhere else."""

from dataclasses import dataclass
from enum import StrEnum


class Treatment(StrEnum):
    """How consumption tax treats a line; the value is the bucket's name on the wire [IM-68]."""

    STANDARD = "tr10"
    REDUCED = "tr8_reduced"
    FREE = "free"
    EXEMPT = "exemption"
    OUT_OF_SCOPE = "non"


@dataclass(frozen=True, slots=True)
class Good:
    """Something sold, its unit, a plausible range of unit prices, and its tax."""

    name: str
    unit: str
    cheapest: int
    dearest: int
    treatment: Treatment = Treatment.STANDARD


@dataclass(frozen=True, slots=True)
class Trade:
    """A line of business: what it sells and where its buyers book it."""

    name: str
    account: tuple[str, str]  # code and name of the buyer's debit account
    sub_account: tuple[str, str]
    goods: tuple[Good, ...]


FOOD = Trade(
    "食品卸",
    ("511", "仕入高"),
    ("01", "食材"),
    (
        Good("国産若鶏もも肉 2kg", "袋", 1480, 2380, Treatment.REDUCED),
        Good("冷凍むきえび 1kg", "袋", 1650, 2900, Treatment.REDUCED),
        Good("有機玉ねぎ 10kg", "箱", 1900, 3600, Treatment.REDUCED),
        Good("業務用しょうゆ 1.8L", "本", 420, 880, Treatment.REDUCED),
        Good("コーヒー豆 深煎り", "kg", 1850, 3400, Treatment.REDUCED),
        Good("料理酒 1.8L", "本", 780, 1450),
        Good("割り箸 3000膳", "箱", 3800, 6200),
        Good("冷蔵配送料", "式", 800, 2500),
    ),
)
OFFICE = Trade(
    "事務用品",
    ("624", "消耗品費"),
    ("02", "事務用品"),
    (
        Good("コピー用紙 A4 5000枚", "箱", 2980, 4280),
        Good("トナーカートリッジ ブラック", "本", 8900, 19800),
        Good("油性ボールペン 10本組", "組", 780, 1280),
        Good("来客用緑茶ティーバッグ 100包", "箱", 980, 1680, Treatment.REDUCED),
        Good("事務椅子 肘付き", "脚", 14800, 38500),
    ),
)
FREIGHT = Trade(
    "運送",
    ("612", "荷造運賃"),
    ("01", "国内運賃"),
    (
        Good("チャーター便 4t", "便", 32000, 58000),
        Good("路線便 60サイズ", "個", 680, 1180),
        Good("倉庫保管料", "坪", 3200, 5200),
        Good("国際航空運賃", "件", 48000, 180000, Treatment.EXEMPT),
        Good("輸入貨物 立替関税", "件", 3000, 42000, Treatment.OUT_OF_SCOPE),
    ),
)
SYSTEMS = Trade(
    "情報サービス",
    ("631", "通信費"),
    ("03", "クラウド利用料"),
    (
        Good("受発注システム利用料", "月", 28000, 98000),
        Good("追加ユーザーライセンス", "ID", 800, 2400),
        Good("データ移行作業", "人日", 42000, 68000),
        Good("保守サポート", "月", 15000, 60000),
    ),
)
PROPERTY = Trade(
    "不動産管理",
    ("641", "地代家賃"),
    ("01", "事務所家賃"),
    (
        Good("事務所賃料", "月", 180000, 620000),
        Good("共益費", "月", 18000, 60000),
        Good("社宅賃料", "戸", 62000, 128000, Treatment.FREE),
        Good("敷地使用料", "月", 30000, 90000, Treatment.FREE),
    ),
)
FUEL = Trade(
    "燃料",
    ("628", "車両費"),
    ("01", "燃料"),
    (
        Good("軽油", "L", 108, 132),
        Good("軽油引取税", "L", 32, 33, Treatment.OUT_OF_SCOPE),
        Good("レギュラーガソリン", "L", 158, 182),
        Good("洗車", "回", 1200, 3800),
    ),
)

# Company names were made up for this file; the place names in them are not on any map.
COMPANIES: tuple[tuple[str, str, Trade], ...] = (
    ("株式会社汐ノ瀬フーズ", "ｼｵﾉｾﾌ-ｽﾞ", FOOD),
    ("有限会社峰守青果", "ﾐﾈﾓﾘｾｲｶ", FOOD),
    ("株式会社白鳴水産", "ｼﾗﾅﾘｽｲｻﾝ", FOOD),
    ("合同会社つむぎ里珈琲", "ﾂﾑｷﾞｻﾄｺ-ﾋ-", FOOD),
    ("株式会社榛ノ木精肉店", "ﾊﾝﾉｷｾｲﾆｸﾃﾝ", FOOD),
    ("株式会社文月堂オフィス", "ﾌﾐﾂﾞｷﾄﾞｳｵﾌｲｽ", OFFICE),
    ("有限会社紙峰商会", "ｶﾐﾐﾈｼﾖｳｶｲ", OFFICE),
    ("株式会社ミソラギ事務器", "ﾐｿﾗｷﾞｼﾞﾑｷ", OFFICE),
    ("株式会社八重雲運輸", "ﾔｴｸﾞﾓｳﾝﾕ", FREIGHT),
    ("東凪ロジテック株式会社", "ﾋｶﾞｼﾅｷﾞﾛｼﾞﾃﾂｸ", FREIGHT),
    ("株式会社ホシアカリ通運", "ﾎｼｱｶﾘﾂｳｳﾝ", FREIGHT),
    ("株式会社ナナツボシ計算機", "ﾅﾅﾂﾎﾞｼｹｲｻﾝｷ", SYSTEMS),
    ("合同会社かざぐるま情報", "ｶｻﾞｸﾞﾙﾏｼﾞﾖｳﾎｳ", SYSTEMS),
    ("株式会社ユキアカネシステムズ", "ﾕｷｱｶﾈｼｽﾃﾑｽﾞ", SYSTEMS),
    ("株式会社常磐坂地所", "ﾄｷﾜｻﾞｶｼﾞｼﾖ", PROPERTY),
    ("有限会社梢丘ハウジング", "ｺｽﾞｴｵｶﾊｳｼﾞﾝｸﾞ", PROPERTY),
    ("株式会社朱鳥エナジー", "ｱｶﾐﾄﾞﾘｴﾅｼﾞ-", FUEL),
    ("浜路石油販売株式会社", "ﾊﾏｼﾞｾｷﾕﾊﾝﾊﾞｲ", FUEL),
    ("灯野 さつき", "ﾄﾓｼﾉ ｻﾂｷ", OFFICE),
    ("水脈 拓海", "ﾐｵ ﾀｸﾐ", SYSTEMS),
)
TOWNS = (
    ("999-0101", "東京都", "青凪区白樺台"),
    ("999-0202", "大阪府", "水都野市汐見町"),
    ("999-0303", "愛知県", "花霞市栄ノ森"),
    ("999-0404", "福岡県", "南風市港ヶ原"),
    ("999-0505", "北海道", "雪華市中央条"),
    ("999-0606", "神奈川県", "波切市緑が崎"),
)
BRANCHES = (("本社", "経理部"), ("東日本支店", "営業一課"), ("西日本営業所", "管理課"), ("物流センター", "請求担当"))
# Bank numbers from 9801 up are not given to any bank.
BANKS = (
    ("9801", "翠ヶ淵銀行", "ﾐﾄﾞﾘｶﾞﾌﾁ"),
    ("9802", "暁星銀行", "ｷﾞﾖｳｾｲ"),
    ("9803", "汐見台信用金庫", "ｼｵﾐﾀﾞｲｼﾝｷﾝ"),
)
BANK_BRANCHES = (("101", "本店営業部", "ﾎﾝﾃﾝ"), ("205", "港支店", "ﾐﾅﾄ"), ("318", "白樺台支店", "ｼﾗｶﾊﾞﾀﾞｲ"))
SURNAMES = ("苗代", "霧島田", "小夜川", "藤森野", "氷室谷", "朝霞原")
BURDEN_SECTIONS = (("1000", "本社"), ("2100", "第一店舗"), ("2200", "第二店舗"), ("3000", "製造部"))
PROJECTS = (("P01", "新店準備"), ("P02", "本社移転"), ("P03", "定常業務"))
PAYABLE = ("215", "未払金")
PURCHASES_PAYABLE = ("211", "買掛金")

from base64 import urlsafe_b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from connector.twins.infomart.clients import Client
from tests.twins.infomart.visitor import AUTHORIZE, CALLBACK, PASSWORD, PFID, Visitor, asking, landed

CHALLENGE = urlsafe_b64encode(sha256(b"verifier").digest()).rstrip(b"=").decode()


class Form(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.method = self.action = self.language = ""
        self.buttons: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = facts["lang"]
        elif tag == "form":
            self.method, self.action = facts["method"], facts["action"]
        elif tag == "input":
            self.fields[facts["name"]] = facts.get("value", "")
        elif tag == "button":
            self.buttons.append(facts["value"])


async def test_the_page_is_a_plain_japanese_form_that_carries_the_request(visitor: Visitor) -> None:
    answer = await visitor.http.get(AUTHORIZE, params=asking())
    form = Form(answer.text)

    assert answer.status_code == 200
    assert (form.language, form.method, form.action) == ("ja", "post", AUTHORIZE)
    assert form.buttons == ["allow", "deny"]
    blank = {"code_challenge": "", "code_challenge_method": "", "pfid": "", "password": ""}
    assert form.fields == asking() | blank
    assert "許可する" in answer.text
    assert "拒否する" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_a_person_who_fills_in_the_page_and_allows_is_sent_back_with_a_code_and_the_state(
    visitor: Visitor,
) -> None:
    page = await visitor.http.get(AUTHORIZE, params=asking(state="s p&c"))
    filled = Form(page.text).fields | {"pfid": PFID, "password": PASSWORD, "decision": "allow"}

    result = landed(await visitor.http.post(AUTHORIZE, data=filled))

    assert set(result) == {"code", "state"}
    assert result["state"] == "s p&c"
    assert [each["pfid"] for each in await visitor.events("code_issued")] == [PFID]


async def test_a_person_who_refuses_is_sent_back_without_signing_in(visitor: Visitor) -> None:
    answer = await visitor.decide("deny", pfid="", password="")

    assert landed(answer) == {"error": "access_denied", "state": "xyz"}
    assert len(await visitor.events("consent_denied")) == 1
    assert await visitor.events("code_issued") == []


@pytest.mark.parametrize(("pfid", "password"), [(PFID, "wrong"), ("nobody@example.jp", PASSWORD), (PFID, "")])
async def test_a_wrong_password_brings_the_page_back_with_the_reason_in_japanese(
    visitor: Visitor, pfid: str, password: str
) -> None:
    answer = await visitor.decide(pfid=pfid, password=password)

    assert answer.status_code == 200
    assert "プラットフォームIDまたはパスワードが正しくありません。" in answer.text
    assert Form(answer.text).fields["pfid"] == pfid
    assert Form(answer.text).fields["password"] == ""
    assert Form(answer.text).fields["state"] == "xyz"
    assert [each["pfid"] for each in await visitor.events("sign_in_refused")] == [PFID if pfid == PFID else None]
    assert await visitor.events("code_issued") == []


async def test_pressing_neither_button_is_not_consent(visitor: Visitor) -> None:
    answer = await visitor.decide("")

    assert answer.status_code == 200
    assert "正しくありません" not in answer.text
    assert await visitor.events("code_issued") == []


STRANGE = [
    {"client_id": "stranger"},
    {"redirect_uri": "https://evil.example.jp/callback"},
    {"redirect_uri": CALLBACK + "/"},
    {"redirect_uri": CALLBACK + "?next=1"},
    {"redirect_uri": ""},
    {"realm": "/"},
    {"realm": ""},
]


@pytest.mark.parametrize("change", STRANGE, ids=str)
async def test_nobody_is_redirected_to_an_address_that_is_not_registered(
    visitor: Visitor, change: dict[str, str]
) -> None:
    looked = await visitor.http.get(AUTHORIZE, params=asking(**change))
    posted = await visitor.decide(**change)
    denied = await visitor.decide("deny", **change)

    for answer in (looked, posted, denied):
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert "連携を開始できません" in answer.text
    assert await visitor.events("code_issued") == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_a_request_that_cannot_be_met_is_sent_back_to_the_application(
    visitor: Visitor, change: dict[str, str], error: str
) -> None:
    looked = await visitor.http.get(AUTHORIZE, params=asking(**change))

    assert landed(looked) == {"error": error, "state": "xyz"}
    assert landed(await visitor.decide(**change)) == {"error": error, "state": "xyz"}
    assert await visitor.events("code_issued") == []


async def test_a_request_without_state_comes_back_without_state(visitor: Visitor) -> None:
    assert set(landed(await visitor.decide(state=""))) == {"code"}


async def test_a_callback_with_a_query_of_its_own_keeps_it(visitor: Visitor) -> None:
    address = CALLBACK + "?tenant=a%26b&empty="
    await visitor.sim("clients", {"client_id": "queried", "client_secret": "s", "redirect_uris": [address]})

    answer = await visitor.decide("deny", client_id="queried", redirect_uri=address)

    assert landed(answer)["tenant"] == "a&b"
    assert "empty=&" in answer.headers["Location"]
    assert landed(answer)["error"] == "access_denied"


async def test_what_is_typed_into_the_page_comes_back_as_text(visitor: Visitor) -> None:
    answer = await visitor.decide(pfid='"><script>alert(1)</script>', state='"><b>')

    assert "<script>" not in answer.text
    assert "<b>" not in answer.text


def test_a_client_registers_at_most_five_callbacks() -> None:
    five = tuple(f"https://a.example.jp/{place}" for place in range(5))

    assert Client("id", "secret", five).redirect_uris == five
    with pytest.raises(ValueError, match="at most 5"):
        Client("id", "secret", (*five, "https://a.example.jp/5"))


@pytest.mark.parametrize("uri", ["/callback", "ftp://a.example.jp/", "https://a.example.jp/#part", "https:///x"])
def test_a_callback_is_an_absolute_web_address(uri: str) -> None:
    with pytest.raises(ValueError, match="not an absolute"):
        Client("id", "secret", (uri,))

"""The environment is taken whole or refused whole, and a secret in it is never shown."""

import os
from pathlib import Path

import pytest

from connector.errors import Misconfigured
from connector.secret import Secret
from connector.settings import Mode, Settings, migrator_address, read_settings

CANARY = "canary-4711"
GIVEN = {
    "CONNECTOR_MODE": "dev",
    "CONNECTOR_PUBLIC_URL": "http://127.0.0.1:8000",
    "DATABASE_URL": f"postgresql://app:{CANARY}@db/connector",
    "REDIS_URL": f"redis://:{CANARY}@redis/0",
    "CONNECTOR_KEK": "file:/etc/connector/kek.json",
    "CONNECTOR_JOURNAL": "/var/lib/connector/journal",
    "CONNECTOR_INFOMART_AUTH_URL": "https://auth.example",
    "CONNECTOR_INFOMART_API_URL": "https://api.example",
    "CONNECTOR_INFOMART_CLIENT_ID": "client-1",
    "CONNECTOR_INFOMART_CLIENT_SECRET": CANARY,
}
PRODUCTION = {**GIVEN, "CONNECTOR_MODE": "production", "CONNECTOR_PUBLIC_URL": "https://connector.example"}
NO_PROVIDER = (
    "CONNECTOR_INFOMART_AUTH_URL, …_API_URL, …_CLIENT_ID, …_CLIENT_SECRET: no provider is set up; "
    "give all four of at least one"
)


def problems(**changes: str | None) -> list[str]:
    told = {name: value for name, value in {**GIVEN, **changes}.items() if value is not None}
    with pytest.raises(Misconfigured) as refusal:
        read_settings(told)
    assert CANARY not in str(refusal.value) + repr(refusal.value)
    return sorted(refusal.value.problems)


def test_complete_settings_are_taken_as_they_stand() -> None:
    settings = read_settings(GIVEN)
    assert settings.mode is Mode.DEV
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url == Secret(GIVEN["DATABASE_URL"])
    assert settings.log_level == "INFO"
    assert settings.sweeper_database_url is None
    assert settings.journal == Path("/var/lib/connector/journal")
    assert settings.escrow is None
    assert settings.metrics is None
    [(provider, account)] = settings.accounts.items()
    assert (provider, account.client_id, account.client_secret) == ("infomart", "client-1", Secret(CANARY))


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(Misconfigured) as refusal:
        read_settings({})
    assert sorted(refusal.value.problems) == [
        NO_PROVIDER,
        "CONNECTOR_JOURNAL: is missing",
        "CONNECTOR_KEK: is missing",
        "CONNECTOR_PUBLIC_URL: is missing",
        "DATABASE_URL: is missing",
        "REDIS_URL: is missing",
    ]


def test_an_empty_variable_is_a_missing_one() -> None:
    assert problems(REDIS_URL="") == ["REDIS_URL: is missing"]
    assert problems(REDIS_URL="  ") == ["REDIS_URL: is empty"]


def test_a_provider_set_up_by_half_has_every_missing_half_named() -> None:
    assert problems(CONNECTOR_INFOMART_CLIENT_SECRET=None, CONNECTOR_INFOMART_API_URL="") == [
        "CONNECTOR_INFOMART_API_URL: is missing",
        "CONNECTOR_INFOMART_CLIENT_SECRET: is missing",
    ]
    assert problems(CONNECTOR_INVOX_CLIENT_ID="x") == [
        "CONNECTOR_INVOX_API_URL: is missing",
        "CONNECTOR_INVOX_AUTH_URL: is missing",
        "CONNECTOR_INVOX_CLIENT_SECRET: is missing",
    ]


def test_problems_of_the_whole_and_of_a_provider_are_named_together() -> None:
    assert problems(DATABASE_URL=None, CONNECTOR_INFOMART_AUTH_URL="ftp://auth.example") == [
        "CONNECTOR_INFOMART_AUTH_URL: is not an address like https://host",
        "DATABASE_URL: is missing",
    ]


@pytest.mark.parametrize("name", ["CONNECTOR_PUBLIC_URL", "CONNECTOR_INFOMART_AUTH_URL", "CONNECTOR_INFOMART_API_URL"])
@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("connector.example", "is not an address like https://host"),
        ("ftp://connector.example", "is not an address like https://host"),
        ("https://", "is not an address like https://host"),
        ("javascript:alert(1)", "is not an address like https://host"),
        ("https://connector.example/v1", "is scheme, host and port only; paths are ours to append"),
        ("https://connector.example/?a=b", "is scheme, host and port only; paths are ours to append"),
        ("https://connector.example#top", "is scheme, host and port only; paths are ours to append"),
        (f"https://user:{CANARY}@connector.example", "is scheme, host and port only; paths are ours to append"),
        (f"https://:{CANARY}@connector.example", "is scheme, host and port only; paths are ours to append"),
        ("https://connector.example:99999", "Port out of range 0-65535"),
        ("http://connector.example", "is plain http, which is accepted for loopback only; write https://"),
        ("http://10.0.0.1", "is plain http, which is accepted for loopback only; write https://"),
        ("http://0.0.0.0:8000", "is plain http, which is accepted for loopback only; write https://"),
        ("http://localhost.example", "is plain http, which is accepted for loopback only; write https://"),
        ("http://127.0.0.1.example", "is plain http, which is accepted for loopback only; write https://"),
        ("http://[2001:db8::1]", "is plain http, which is accepted for loopback only; write https://"),
    ],
)
def test_an_address_is_scheme_host_and_port_and_plain_http_stays_on_the_machine(
    name: str, address: str, problem: str
) -> None:
    assert problems(**{name: address}) == [f"{name}: {problem}"]


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://127.8.8.8:1", "http://127.8.8.8:1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://connector.example/", "https://connector.example"),
        ("https://connector.example:8443", "https://connector.example:8443"),
    ],
)
def test_a_loopback_or_an_https_address_is_taken(address: str, taken: str) -> None:
    assert read_settings({**GIVEN, "CONNECTOR_PUBLIC_URL": address}).public_url == taken


def test_production_is_the_mode_unless_another_is_asked_for_and_is_reached_over_https_only() -> None:
    assert read_settings({**PRODUCTION, "CONNECTOR_MODE": ""}).mode is Mode.PRODUCTION
    assert problems(CONNECTOR_MODE=None) == ["CONNECTOR_PUBLIC_URL: production is reached over https:// only"]


def test_the_token_journal_has_a_place_of_its_own_wherever_the_program_is_started_from() -> None:
    assert problems(CONNECTOR_JOURNAL=None) == ["CONNECTOR_JOURNAL: is missing"]
    assert problems(CONNECTOR_JOURNAL="journal", REDIS_URL=None) == [
        "CONNECTOR_JOURNAL: is not an absolute path",
        "REDIS_URL: is missing",
    ]


@pytest.mark.parametrize("address", ["file:/mnt/escrow", f"postgresql://escrow:{CANARY}@elsewhere/escrow"])
def test_an_escrow_is_a_folder_or_a_second_database_and_its_address_is_a_secret(address: str) -> None:
    settings = read_settings({**GIVEN, "CONNECTOR_ESCROW": address})
    assert settings.escrow == Secret(address)
    assert CANARY not in str(settings) + repr(settings)


@pytest.mark.parametrize(
    "address", ["/mnt/escrow", "file:escrow", "s3://bucket", f"mysql://escrow:{CANARY}@elsewhere/escrow"]
)
def test_an_escrow_of_an_unknown_kind_is_refused_without_showing_its_address(address: str) -> None:
    assert problems(CONNECTOR_ESCROW=address) == [
        "CONNECTOR_ESCROW: is neither file:/path/to/folder nor postgresql://…"
    ]


def test_how_hard_a_provider_is_pressed_is_its_own_figure_unless_told_otherwise() -> None:
    [account] = read_settings(GIVEN).accounts.values()
    assert (account.token_calls_per_second, account.token_calls_at_once) == (None, None)
    told = {"CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "2.5", "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "4"}
    [account] = read_settings({**GIVEN, **told}).accounts.values()
    assert (account.token_calls_per_second, account.token_calls_at_once) == (2.5, 4)


def test_im_15_a_generation_of_the_api_is_spoken_only_if_it_is_named() -> None:
    [account] = read_settings(GIVEN).accounts.values()
    assert account.api_generation is None
    [account] = read_settings({**GIVEN, "CONNECTOR_INFOMART_API_GENERATION": "v2"}).accounts.values()
    assert account.api_generation == "v2"


def test_im_12_calls_go_through_a_proxy_only_if_one_is_named() -> None:
    [account] = read_settings(GIVEN).accounts.values()
    assert account.proxy is None
    for proxy in ("http://127.0.0.1:3128", "https://localhost:3129/"):
        [account] = read_settings({**GIVEN, "CONNECTOR_INFOMART_PROXY": proxy}).accounts.values()
        assert account.proxy == proxy.rstrip("/")


def test_a_proxy_is_shown_nothing_and_told_no_secret() -> None:
    far = {"CONNECTOR_INFOMART_PROXY": "http://egress.example:3128"}
    plain = {f"CONNECTOR_INFOMART_{name}": "http://127.0.0.1:1" for name in ("AUTH_URL", "API_URL")}
    sealed = dict.fromkeys(plain, "https://provider.example")
    assert "plain http" in "".join(problems(**{**far, **plain}))
    assert [each.proxy for each in read_settings({**GIVEN, **sealed, **far}).accounts.values()] == [*far.values()]
    [problem] = problems(CONNECTOR_INFOMART_PROXY=f"http://a:{CANARY}@egress.example:3128")
    assert problem.startswith("CONNECTOR_INFOMART_PROXY: holds a name or a password")
    assert CANARY not in problem


def test_a_local_key_is_for_development_or_taken_knowingly() -> None:
    assert read_settings(GIVEN).local_kek_allowed
    assert not read_settings(PRODUCTION).local_kek_allowed
    assert read_settings({**PRODUCTION, "CONNECTOR_ALLOW_LOCAL_KEK": "true"}).local_kek_allowed


@pytest.mark.parametrize(
    ("name", "nonsense"),
    [
        ("CONNECTOR_MODE", "staging"),
        ("CONNECTOR_LOG_LEVEL", "LOUD"),
        ("CONNECTOR_LOG_LEVEL", "debug"),
        ("CONNECTOR_ALLOW_LOCAL_KEK", "perhaps"),
        ("CONNECTOR_FAIL", "kill"),
        ("CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND", "0"),
        ("CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE", "1.5"),
        ("CONNECTOR_INFOMART_API_GENERATION", "v3"),
        ("CONNECTOR_INFOMART_PROXY", "egress:3128"),
        ("CONNECTOR_INFOMART_PROXY", "socks5://egress:3128"),
        ("CONNECTOR_INFOMART_PROXY", "http://127.0.0.1:3128/path"),
        ("CONNECTOR_INFOMART_PROXY", "http://127.0.0.1:port"),
    ],
)
def test_a_nonsense_value_is_named(name: str, nonsense: str) -> None:
    [problem] = problems(**{name: nonsense})
    assert problem.startswith(f"{name}: ")


def test_no_secret_is_shown_by_the_settings_or_by_what_refuses_them() -> None:
    settings = read_settings(GIVEN)
    shown = [str(settings), repr(settings), f"{settings}", str(settings.accounts), str(settings.model_dump())]
    assert not [each for each in shown if CANARY in each]
    with pytest.raises(Exception, match="serializ"):
        settings.model_dump_json()
    problems(CONNECTOR_MODE=CANARY, CONNECTOR_LOG_LEVEL=CANARY, CONNECTOR_PUBLIC_URL=CANARY)


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings(GIVEN).mode = Mode.PRODUCTION


def test_only_what_is_passed_in_counts_and_not_what_the_process_happens_to_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "AUTH_URL", "API_URL", "DATABASE_URL", "MODE", "KEK", "CONNECTOR_KEK"):
        monkeypatch.setenv(name, "https://stray.example")
    (tmp_path / ".env").write_text("CLIENT_ID=stray\nCONNECTOR_KEK=stray\n")
    monkeypatch.chdir(tmp_path)
    assert problems(CONNECTOR_KEK=None, CONNECTOR_INFOMART_CLIENT_ID=None) == [
        "CONNECTOR_INFOMART_CLIENT_ID: is missing",
        "CONNECTOR_KEK: is missing",
    ]
    assert "stray" not in str(read_settings(GIVEN))
    assert read_settings(os.environ | PRODUCTION).kek == GIVEN["CONNECTOR_KEK"]


def test_the_migrators_address_falls_back_to_the_ordinary_one_and_is_asked_for_when_there_is_none() -> None:
    both = {"DATABASE_URL": "ordinary", "CONNECTOR_MIGRATOR_DATABASE_URL": "migrator"}
    assert migrator_address(both) == Secret("migrator")
    assert migrator_address({"DATABASE_URL": "ordinary"}) == Secret("ordinary")
    with pytest.raises(Misconfigured, match="CONNECTOR_MIGRATOR_DATABASE_URL: is missing"):
        migrator_address({})


def test_every_variable_a_program_reads_is_named_for_it() -> None:
    known = {str(field.validation_alias) for field in Settings.model_fields.values() if field.validation_alias}
    assert known == {
        "CONNECTOR_MODE",
        "CONNECTOR_PUBLIC_URL",
        "DATABASE_URL",
        "CONNECTOR_SWEEPER_DATABASE_URL",
        "REDIS_URL",
        "CONNECTOR_KEK",
        "CONNECTOR_KEK_BEFORE",
        "CONNECTOR_ALLOW_LOCAL_KEK",
        "CONNECTOR_LOG_LEVEL",
        "CONNECTOR_JOURNAL",
        "CONNECTOR_ESCROW",
        "CONNECTOR_METRICS",
        "CONNECTOR_FAIL",
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),  # noqa: S104 - read, and nothing is bound
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::]:9464", ("::", 9464)),
    ],
)
def test_metrics_are_served_where_the_variable_says(written: str, read: tuple[str, int]) -> None:
    assert read_settings({**GIVEN, "CONNECTOR_METRICS": written}).metrics == read


@pytest.mark.parametrize(
    "written", ["9464", "127.0.0.1", ":9464", "a:x", "a:65536", "a:1:2", "http://a:1", "a:1/metrics", "a@b:1", "a:1?b"]
)
def test_an_address_that_nobody_can_listen_on_is_refused(written: str) -> None:
    assert problems(CONNECTOR_METRICS=written) == [
        "CONNECTOR_METRICS: is not an address to listen on, like 0.0.0.0:9464"
    ]

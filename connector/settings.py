"""The environment, read once: typed, frozen, and refused as a whole with every problem named."""

import ipaddress
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, ValidationInfo, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.errors import Misconfigured
from connector.ids import ProviderKey
from connector.secret import Secret

PROVIDERS = ("infomart", "invox")


class Mode(StrEnum):
    """Whether this is a developer's machine or the real thing."""

    DEV = "dev"
    PRODUCTION = "production"


def _secret(text: object) -> Secret:
    if not isinstance(text, str) or not text.strip():
        raise ValueError("is empty")
    return Secret(text.strip())


def _origin(text: str) -> str:
    """Scheme, host and port; plain http only where nothing leaves the machine."""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an address like https://host")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("is scheme, host and port only; paths are ours to append")
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise ValueError("is plain http, which is accepted for loopback only; write https://")
    _ = parts.port  # raises ValueError for what is no port
    return f"{parts.scheme}://{parts.netloc}"


def _proxy(text: str, told: ValidationInfo) -> str:
    """Scheme, host and port; what goes through it is sealed by https, unless nothing leaves the machine anyway."""
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an address like http://host:3128")
    if "@" in parts.netloc:
        raise ValueError("holds a name or a password; a proxy knows its callers by where they call from")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("is scheme, host and port only")
    plain = [name for name in ("auth_url", "api_url") if str(told.data.get(name, "")).startswith("http://")]
    if plain and not _loopback(parts.hostname):
        raise ValueError("would be shown everything, since the provider is reached by plain http")
    _ = parts.port  # raises ValueError for what is no port
    return f"{parts.scheme}://{parts.netloc}"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _folder(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("is not an absolute path")
    return path


def _escrow(given: Secret) -> Secret:
    if not given.reveal().startswith(("file:/", "postgresql://")):
        raise ValueError("is neither file:/path/to/folder nor postgresql://…")
    return given


class Listening(NamedTuple):
    """Where a process listens."""

    host: str
    port: int


def _listening(text: object) -> Listening:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.netloc != str(text) or "@" in parts.netloc:
        raise ValueError("is not an address to listen on, like 0.0.0.0:9464")
    return Listening(host, port)


SecretText = Annotated[Secret, PlainValidator(_secret)]
Folder = Annotated[Path, AfterValidator(_folder)]
EscrowAddress = Annotated[SecretText, AfterValidator(_escrow)]
Origin = Annotated[str, AfterValidator(_origin)]


class _Told(BaseSettings):
    """Settings that hold what they are given; by itself the class would also look into the process's environment."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", arbitrary_types_allowed=True, hide_input_in_errors=True, populate_by_name=True
    )

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # the sources left out of the signature are not wanted
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        **_: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was passed in, and nothing else."""
        return (init_settings,)


class AccountSettings(_Told):
    """Our account at one provider, and where that provider is reached."""

    auth_url: Origin
    api_url: Origin
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretText
    token_calls_per_second: Annotated[float, Field(gt=0)] | None = None  # None: the provider's own figure
    token_calls_at_once: Annotated[int, Field(ge=1)] | None = None
    api_generation: Literal["v1", "v2"] | None = None  # None: the one the provider is known to speak
    proxy: Annotated[str, AfterValidator(_proxy)] | None = None  # None: straight to the provider


class Settings(_Told):
    """Everything the program is told from outside."""

    mode: Mode = Field(default=Mode.PRODUCTION, validation_alias="CONNECTOR_MODE")
    public_url: Origin = Field(validation_alias="CONNECTOR_PUBLIC_URL")
    database_url: SecretText = Field(validation_alias="DATABASE_URL")
    sweeper_database_url: SecretText | None = Field(default=None, validation_alias="CONNECTOR_SWEEPER_DATABASE_URL")
    redis_url: SecretText = Field(validation_alias="REDIS_URL")
    kek: str = Field(validation_alias="CONNECTOR_KEK")
    kek_before: str | None = Field(default=None, validation_alias="CONNECTOR_KEK_BEFORE")
    journal: Folder = Field(validation_alias="CONNECTOR_JOURNAL")
    escrow: EscrowAddress | None = Field(default=None, validation_alias="CONNECTOR_ESCROW")
    metrics: Annotated[Listening, PlainValidator(_listening)] | None = Field(
        default=None, validation_alias="CONNECTOR_METRICS"
    )
    allow_local_kek: bool = Field(default=False, validation_alias="CONNECTOR_ALLOW_LOCAL_KEK")
    log_level: str = Field(
        default="INFO", validation_alias="CONNECTOR_LOG_LEVEL", pattern="^(DEBUG|INFO|WARNING|ERROR)$"
    )
    fail: str = Field(
        default="", validation_alias="CONNECTOR_FAIL", pattern=r"^((kill|stop)@\d+)?$"
    )  # proofs, in dev only
    accounts: Mapping[ProviderKey, AccountSettings] = Field(default_factory=dict, exclude=True)

    @model_validator(mode="after")
    def _public_in_production(self) -> "Settings":
        if self.mode is Mode.PRODUCTION and not self.public_url.startswith("https://"):
            raise ValueError("CONNECTOR_PUBLIC_URL: production is reached over https:// only")
        return self

    @property
    def local_kek_allowed(self) -> bool:
        """Whether a key-encryption key in a local file is accepted."""
        return self.mode is Mode.DEV or self.allow_local_kek


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in `environment`; raises Misconfigured with every missing or wrong variable at once."""
    problems: list[str] = []
    accounts: dict[ProviderKey, AccountSettings] = {}
    for provider in PROVIDERS:
        prefix = f"CONNECTOR_{provider.upper()}_"
        given = {
            name: environment[f"{prefix}{name.upper()}"]
            for name in AccountSettings.model_fields
            if environment.get(f"{prefix}{name.upper()}")
        }
        if not given:
            continue
        try:
            accounts[ProviderKey(provider)] = AccountSettings.model_validate(given)
        except ValidationError as refusal:
            problems += [_say(prefix + str(each["loc"][0]).upper(), each["msg"]) for each in refusal.errors()]
    known = {str(field.validation_alias) for field in Settings.model_fields.values() if field.validation_alias}
    given = {name: value for name, value in environment.items() if name in known and value}
    settings = None
    try:
        settings = Settings.model_validate({**given, "accounts": accounts})
    except ValidationError as refusal:
        problems += [_say(str(each["loc"][0]) if each["loc"] else "", each["msg"]) for each in refusal.errors()]
    if not accounts and not any("CONNECTOR_INFOMART_" in each or "CONNECTOR_INVOX_" in each for each in problems):
        problems.append(
            "CONNECTOR_INFOMART_AUTH_URL, …_API_URL, …_CLIENT_ID, …_CLIENT_SECRET: no provider is set up; "
            "give all four of at least one"
        )
    if settings is None or problems:
        raise Misconfigured(problems=problems)
    return settings


def migrator_address(environment: Mapping[str, str]) -> Secret:
    """The database address migrations run with; raises Misconfigured when none is given."""
    text = environment.get("CONNECTOR_MIGRATOR_DATABASE_URL") or environment.get("DATABASE_URL")
    if not text:
        raise Misconfigured(problems=["CONNECTOR_MIGRATOR_DATABASE_URL: is missing"])
    return Secret(text)


def _say(name: str, message: str) -> str:
    said = message.removeprefix("Value error, ").replace("Field required", "is missing")
    return f"{name}: {said}" if name else said

"""Every command that can be typed: which there are, and what each says of itself."""

from collections.abc import Iterator
from typing import Any

import click
import pytest
import typer

from connector.cli import app


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that can be typed, with its words."""

    def walk(words: str, command: Any) -> Iterator[tuple[str, click.Command]]:
        below = getattr(command, "commands", None)
        if below is None:
            yield words, command
            return
        for name, each in below.items():
            yield from walk(f"{words} {name}".strip(), each)

    yield from walk("", typer.main.get_command(app))


COMMANDS = dict(commands())


def test_the_commands_are_those_the_guides_name() -> None:
    assert sorted(COMMANDS) == [
        "connections explain",
        "connections recall",
        "connections unreadable",
        "dev",
        "escrow replay",
        "fetch",
        "health worker",
        "keys add",
        "keys init",
        "keys issue",
        "keys retire",
        "keys revoke",
        "keys rotate",
        "link",
        "migrate",
        "partners add",
        "serve",
        "tenants add",
        "tenants certificate",
        "tenants declare",
        "tenants shred",
        "twin",
        "upkeep plan",
        "worker",
    ]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_shows_an_example_of_itself_and_speaks_json(words: str) -> None:
    command = COMMANDS[words]
    assert command.help is not None
    assert "Example: `" in command.help
    assert f"connector {words}" in command.help
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options
    assert all(getattr(each, "help", None) for each in command.params)

"""Every example that a docstring of the domain gives is true."""

import doctest
import importlib
import pkgutil

import pytest

import connector.domain

MODULES = [each.name for each in pkgutil.iter_modules(connector.domain.__path__, "connector.domain.")]
WITH_EXAMPLES = ["bank_account", "contact", "day", "finding", "kana", "money", "registration", "tax", "text", "totals"]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_are_true(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert failed == 0
    assert (tried > 0) == (module.rpartition(".")[2] in WITH_EXAMPLES)

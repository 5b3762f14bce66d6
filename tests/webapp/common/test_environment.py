"""Settings from the environment fail loudly, and say how to mend it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp.common import environment


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_a_flag(monkeypatch, value, meant):
    monkeypatch.setenv("DEBUG", value)
    assert environment.flag("DEBUG") is meant


def test_a_flag_that_is_none(monkeypatch):
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="DEBUG is 'maybe'; set it to 1 or 0"):
        environment.flag("DEBUG")


@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5"])
def test_a_number_that_is_none(monkeypatch, value):
    monkeypatch.setenv("LIMIT", value)
    with pytest.raises(ImproperlyConfigured, match="LIMIT is .* whole number of at least 1"):
        environment.integer("LIMIT", 5)


def test_a_list(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,")
    assert environment.words("ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_a_site_on_one_machine_keeps_its_own_key(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = environment.secret_key(tmp_path, required=False)
    assert len(first) > 40
    assert environment.secret_key(tmp_path, required=False) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_a_site_on_several_must_be_told_one(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set"):
        environment.secret_key(tmp_path, required=True)
    monkeypatch.setenv("SECRET_KEY", "given")
    assert environment.secret_key(tmp_path, required=True) == "given"

"""A secret is known by its name, its look or its file, and is taken out in every form that it is written in."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from bnnbench import redaction
from bnnbench.redaction import beginning, redacted

SECRET = "abc+/=&%20 0123456789"

FORMS = {
    "as it is": SECRET,
    "stripped": f"{SECRET}\r\n".strip(),
    "as Python writes it": repr(SECRET + "\r"),
    "as bytes": repr(SECRET.encode()),
    "as JSON": json.dumps({"token": SECRET}),
    "over lines": f"{SECRET[:8]}\n{SECRET[8:]}",
    "over escaped lines": f"{SECRET[:8]}\\n{SECRET[8:]}",
    "over continued lines": f"{SECRET[:8]}\\\n  {SECRET[8:]}",
    "percent-encoded": quote(SECRET),
    "percent-encoded whole": quote(SECRET, safe=""),
    "as a form": quote_plus(SECRET).lower(),
    "in base64": base64.b64encode(SECRET.encode()).decode(),
    "in base64 for addresses": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "in base64 behind a name": base64.b64encode(b"user:" + SECRET.encode()).decode(),
    "in capitals": SECRET.upper(),
    "in HTML": html.escape(SECRET),
    "as UTF-16": SECRET.encode("utf-16-le").decode(),
    "as bytes of UTF-16": repr(SECRET.encode("utf-16-le")),
    "in hexadecimal digits": SECRET.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("end", ["", "\r", "\n"])
def test_every_form_of_a_secret_is_taken_out(monkeypatch, form, end):
    monkeypatch.setenv("SOME_TOKEN", SECRET + end)

    found = redacted(f"it said {form} and ended")

    assert "<SOME_TOKEN>" in found
    assert found.startswith("it said ")
    assert found.endswith(" and ended")
    assert "123456789" not in found


def test_the_forms_are_found_because_they_are_looked_for():
    assert all(redacted(form) == form for form in FORMS.values())


@pytest.mark.parametrize(
    "name",
    [
        "SSH_KEY",
        "OPENAI_KEY",
        "GITHUB_PAT",
        "PGPASS",
        "DATABASE_URL",
        "AWS_SESSION",
        "API_AUTH",
        "SENTRY_DSN",
        "my_pwd",
    ],
)
def test_a_secret_is_known_by_the_name_of_its_variable(monkeypatch, name):
    monkeypatch.setenv(name, "a-long-value")

    assert redacted("it is a-long-value") == f"it is <{name}>"


@pytest.mark.parametrize(
    "value",
    ["DEV-" + "0123456789abcdef" * 2, "ghp_" + "a" * 36, "AKIA" + "B" * 16, "sk-" + "c" * 40, "eyJhbGci.eyJzdWIi.c2ln"],
)
def test_a_secret_is_known_by_its_look(monkeypatch, value):
    monkeypatch.setenv("INNOCENT", value)

    assert redacted(f"it is {value}") == "it is <INNOCENT>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AZURE_STORAGE_CONNECTION_STRING", "AccountName=me;AccountKey=Zm9vYmFyYmF6MTIzNDU2==;Suffix=core.net"),
        ("GOOGLE_CREDENTIALS_JSON", '{"type": "service_account", "key": "Zm9vYmFyYmF6MTIzNDU2=="}'),
        ("SLACK_WEBHOOK", "https://hooks.example.com/x?key=Zm9vYmFyYmF6MTIzNDU2=="),
    ],
)
def test_what_is_secret_of_several_settings_in_one_text_is_taken_out_alone(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    assert redacted("refused Zm9vYmFyYmF6MTIzNDU2== as service_account") == f"refused <{name}> as service_account"


def test_the_beginning_of_a_long_text_is_redacted_and_ends_in_no_part_of_a_secret(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "x" * 600)

    text = "x" * 600 + " and " + "w " * 27_200 + "x" * 10**6

    assert "x" not in beginning(text, 100_000)
    assert beginning(text, 5000) == f"<MY_TOKEN> and {'w ' * 2500}"[:5000]
    assert "x" not in beginning("x" * 10**6, 5000)


def test_the_password_of_an_address_is_a_secret(monkeypatch):
    monkeypatch.setenv("BROKER", "amqp://me:hunter2%2Fhunter2@host/")

    assert redacted("it is hunter2/hunter2") == "it is <BROKER>"


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "XDG_SESSION_TYPE", "DESKTOP_SESSION", "MONKEY", "PATH", "KEYBOARD"])
def test_other_variables_are_none(monkeypatch, name):
    monkeypatch.setenv(name, "plain-long-value")

    assert redacted("it is plain-long-value") == "it is plain-long-value"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DWAVE_CONFIG_FILE", "[defaults]\ntoken = a-token-of\n  two-long-lines\n"),
        ("GRB_LICENSE_FILE", "# Gurobi\nWLSSECRET=a-token-of two-long-lines\n"),
    ],
)
def test_a_secret_is_known_from_a_file_of_settings(monkeypatch, tmp_path, variable, text):
    redaction._named_forms.cache_clear()
    (tmp_path / "settings").write_text(text)
    monkeypatch.setenv(variable, str(tmp_path / "settings"))

    found = redacted("it is a-token-of and two-long-lines")

    assert "a-token-of" not in found
    assert "two-long-lines" not in found

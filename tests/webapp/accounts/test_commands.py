"""manage.py create_demo and create_token"""

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from webapp.accounts.models import User, Workspace


def test_create_demo_twice_changes_nothing(db, capsys):
    call_command("create_demo")
    call_command("create_demo")
    user = User.objects.get(username="demo")
    assert not user.has_usable_password()
    assert [workspace.name for workspace in Workspace.objects.filter(members=user)] == ["Demo"]


def test_create_token_prints_a_working_token_alone(db, capsys):
    call_command("create_demo")
    capsys.readouterr()
    call_command("create_token")
    (token,) = capsys.readouterr().out.splitlines()
    answer = APIClient().get("/api/v1/datasets/", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 200


def test_create_token_for_nobody(db):
    with pytest.raises(CommandError, match="no user 'ghost'"):
        call_command("create_token", user="ghost")

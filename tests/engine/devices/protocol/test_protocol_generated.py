"""What is on disk is what the table makes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from engine.devices.protocol import DeviceInfo, ModelInfo
from engine.devices.protocol.generator import generated_files

FILES = generated_files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path: Path):
    cure = "run python -m engine.devices.protocol.generator"
    assert path.is_file() and path.read_text(encoding="utf-8") == FILES[path], cure


def test_the_page_names_every_key_of_the_description():
    (page,) = [content for path, content in FILES.items() if path.name == "protocol.md"]
    for field in (*fields(DeviceInfo), *fields(ModelInfo)):
        assert field.name in page

"""The MAX86150 driver against the part at register level, under sanitizers."""

from __future__ import annotations


def test_the_driver_reads_the_part_rightly(checked):
    verdicts = checked("max86150_check", "drivers/max86150.c", "drivers/max86150_model.c")
    assert len(verdicts) == 12
    assert [name for name, good in verdicts.items() if not good] == []

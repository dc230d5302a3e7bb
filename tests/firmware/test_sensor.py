"""The sensor as a source, on a clock of our own: time that it missed is a hole as wide, never a silent gap."""

from __future__ import annotations

SOURCES = (
    *("app/sensor.c", "app/clock.c", "dsp/biquad.c"),
    *("drivers/max86150.c", "drivers/max86150_model.c"),
)


def test_the_sensor_keeps_time_whatever_happens(checked):
    found = checked("sensor_check", *SOURCES)
    assert len(found) == 15
    assert [name for name, good in found.items() if not good] == []

"""Coefficients that the firmware shares with the engine, as C: filters and resamplers."""

from __future__ import annotations

from collections.abc import Mapping

from engine.devices.board_input import RATES_HZ, bank
from engine.export.firmware import c_text
from engine.signals.filters import CausalFilter, FilterSpec

SENSOR_RATE_HZ = 200
SENSOR_FILTER = FilterSpec(highpass_hz=0.05)  # takes off the electrodes' offset, and little else


def filter_files(cascades: Mapping[str, tuple[FilterSpec, int]] | None = None) -> dict[str, str]:
    """`filter_tables.h` and `.c`: each cascade by name, for a filter at a rate in Hz; by default the sensor's."""
    named = cascades or {"FILTER_SENSOR": (SENSOR_FILTER, SENSOR_RATE_HZ)}
    declarations = ['#include "biquad.h"', ""]
    parts = []
    for name, (spec, rate_hz) in named.items():
        causal = CausalFilter(spec, rate_hz, 1)
        rows = [
            f"    {{{', '.join(float(v).hex() for v in (*section[:3], *section[4:]))}, "
            f"{{{', '.join(float(v).hex() for v in settled)}}}}},"
            for section, settled in zip(causal.biquads(), causal.settled(), strict=True)
        ]
        declarations += [
            f"/* {spec.at_rate(rate_hz).label} at {rate_hz} Hz */",
            f"extern const biquad_cascade_t {name};",
        ]
        body = "\n".join([f"static const biquad_section_t {name}_SECTIONS[] = {{", *rows, "};"])
        cascade = f"const biquad_cascade_t {name} = {{{rate_hz}, {len(rows)}, {name}_SECTIONS}};"
        parts.append(f"{body}\n{cascade}".replace("–", "-"))
    text = c_text.header("filter_tables", [line.replace("–", "-") for line in declarations])
    return {"filter_tables.h": text, "filter_tables.c": c_text.source(["filter_tables.h"], parts)}


def resampler_files(model_rate_hz: float) -> dict[str, str]:
    """`resampler_tables.h` and `.c`: from every rate of the firmware to that of its models."""
    declarations = [
        '#include "resampler.h"',
        "",
        f"/* To {model_rate_hz:g} Hz, from a rate that the firmware samples at. */",
        "const resampler_bank_t *resampler_bank(uint32_t rate_hz);",
    ]
    parts, entries = [], []
    for rate_hz in RATES_HZ:
        made = bank(rate_hz, model_rate_hz)
        parts.append(c_text.array(f"static const int32_t TAPS_{rate_hz}[]", made.taps.ravel().tolist()))
        entries.append(f"    {{{rate_hz}, {made.up}, {made.down}, {made.reach}, TAPS_{rate_hz}}},")
    parts.append("\n".join(["static const resampler_bank_t BANKS[] = {", *entries, "};"]))
    parts.append(
        "const resampler_bank_t *resampler_bank(uint32_t rate_hz) {\n"
        f"    for (uint32_t k = 0; k < {len(entries)}u; k++)\n"
        "        if (BANKS[k].rate_hz == rate_hz) return &BANKS[k];\n"
        "    return BANKS;\n"
        "}"
    )
    return {
        "resampler_tables.h": c_text.header("resampler_tables", declarations),
        "resampler_tables.c": c_text.source(["resampler_tables.h"], parts),
    }

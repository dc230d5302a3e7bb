"""From what the user wants of a board to a START it can answer."""

from __future__ import annotations

from dataclasses import replace

from engine.devices.faults import DeviceError
from engine.devices.live_types import StreamOptions
from engine.devices.protocol import DeviceInfo, Source, Start

FRAME_S = 0.032  # the picture of a live view then moves evenly
FRAME_BYTES = 84  # of values: at one damaged byte in 10,000, 99 % of whole frames (of 98 bytes at most) survive


def resolved(options: StreamOptions, info: DeviceInfo) -> StreamOptions:
    """The options with everything that was left open chosen for this board."""
    models = tuple(model.id for model in info.models if model.hop)  # the others run only on input sent to them
    return replace(
        options,
        rate_hz=info.rates_hz[0] if options.rate_hz is None else options.rate_hz,
        n_leads=len(info.leads) if options.n_leads is None else options.n_leads,
        sample_bits=_bits(info) if options.sample_bits is None else options.sample_bits,
        source=_source(info) if options.source is None else options.source,
        model_ids=models if options.model_ids is None else options.model_ids,
    )


def start_request(options: StreamOptions, info: DeviceInfo) -> Start:
    """The START for options. Raises DeviceError naming what the board offers instead."""
    wanted = resolved(options, info)
    rate_hz, n_leads, bits = wanted.rate_hz or 0, wanted.n_leads or 0, wanted.sample_bits or 0
    if rate_hz not in info.rates_hz:
        offered = ", ".join(str(rate) for rate in info.rates_hz)
        raise DeviceError(f"{info.board} does not sample at {rate_hz:g} Hz", hint=f"it offers {offered} Hz")
    if not 1 <= n_leads <= len(info.leads):
        raise DeviceError(f"{info.board} has {len(info.leads)} leads, not {n_leads}")
    if not {16: info.uv_per_lsb, 24: info.uv_per_lsb_24}.get(bits):
        raise DeviceError(f"{info.board} does not send samples of {bits} bits")
    source = wanted.source or Source.SENSOR
    name = source.name.lower()
    if name not in info.sources and source != Source.SENSOR:
        raise DeviceError(f"{info.board} has no source {name}", hint=f"it has {', '.join(info.sources)}")
    ids = set(wanted.model_ids or ())
    known = {model.id for model in info.models}
    if not ids <= known:
        raise DeviceError(f"{info.board} has no model {min(ids - known)}")
    return Start(
        rate_hz=rate_hz,
        lead_mask=(1 << n_leads) - 1,
        samples_per_frame=wanted.samples_per_frame or short_frame(rate_hz, n_leads, bits),
        sample_bits=bits,
        source=source,
        results=wanted.results,
        model_mask=sum(1 << number for number in ids),
    )


def short_frame(rate_hz: int, n_leads: int, sample_bits: int) -> int:
    """Samples of a frame so short that the picture follows at once and few damaged bytes cost few samples."""
    room = 8 * FRAME_BYTES // max(1, n_leads * sample_bits)
    return max(1, min(round(FRAME_S * rate_hz), room))


def _bits(info: DeviceInfo) -> int:
    return 16 if info.uv_per_lsb else 24


def _source(info: DeviceInfo) -> Source:
    """An emulated board has no electrodes: it plays a recording, all leads at any rate."""
    return Source.REPLAY if info.emulated and "replay" in info.sources and info.recordings else Source.SENSOR

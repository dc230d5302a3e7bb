"""From what the user wants of a board to a START it can answer."""

from __future__ import annotations

from engine.devices.faults import DeviceError
from engine.devices.live_types import StreamOptions
from engine.devices.protocol import DeviceInfo, Source, Start


def start_request(options: StreamOptions, info: DeviceInfo) -> Start:
    """The START for these options. Raises DeviceError naming what the board offers instead."""
    rate_hz = info.rates_hz[0] if options.rate_hz is None else options.rate_hz
    if rate_hz not in info.rates_hz:
        offered = ", ".join(str(rate) for rate in info.rates_hz)
        raise DeviceError(f"{info.board} does not sample at {rate_hz:g} Hz", hint=f"it offers {offered} Hz")
    n_leads = len(info.leads) if options.n_leads is None else options.n_leads
    if not 1 <= n_leads <= len(info.leads):
        raise DeviceError(f"{info.board} has {len(info.leads)} leads, not {n_leads}")
    bits = 16 if options.sample_bits is None else options.sample_bits
    if bits not in (16, 24) or (bits == 24 and not info.uv_per_lsb_24):
        raise DeviceError(f"{info.board} does not send samples of {bits} bits")
    name = options.source.name.lower()
    if name not in info.sources and options.source != Source.SENSOR:
        raise DeviceError(f"{info.board} has no source {name}", hint=f"it has {', '.join(info.sources)}")
    known = {model.id for model in info.models}
    streaming = {model.id for model in info.models if model.hop}  # the others run only on input sent to them
    wanted = streaming if options.model_ids is None else set(options.model_ids)
    if not wanted <= known:
        raise DeviceError(f"{info.board} has no model {min(wanted - known)}")
    return Start(
        rate_hz=rate_hz,
        lead_mask=(1 << n_leads) - 1,
        samples_per_frame=options.samples_per_frame,
        sample_bits=bits,
        source=options.source,
        results=options.results,
        model_mask=sum(1 << number for number in wanted),
    )

"""The ECG canvas: calibrated paper, traces, overlays, interaction."""

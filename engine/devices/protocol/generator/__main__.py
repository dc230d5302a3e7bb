"""`python -m engine.devices.protocol.generator` writes the generated files again."""

from __future__ import annotations

from engine.devices.protocol.generator import generated_files


def main() -> None:
    """Write what differs and name it."""
    for path, content in generated_files().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8", newline="\n")
            print(path)


if __name__ == "__main__":
    main()

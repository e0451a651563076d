"""What the figures were measured on: nothing that names a host, a user or a path."""

from __future__ import annotations

import datetime
import os
import platform
import ssl
from importlib import metadata
from typing import Dict

from telnyx_stt_sync import __version__

PACKAGES = ("websocket-client", "websockets", "telnyx")


def machine() -> Dict[str, str]:
    """Processor, system, Python and packages."""
    return {
        "Date": datetime.date.today().isoformat(),
        "CPU": f"{_processor()}, {os.cpu_count()} cores",
        "System": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}, "
        f"{ssl.OPENSSL_VERSION}",
        "Packages": ", ".join(
            [f"telnyx-stt-sync {__version__}", *(f"{name} {_version(name)}" for name in PACKAGES)]
        ),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name.strip() == "model name":
                    return value.strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"

"""What nobody should see in the output: secrets, and signs that are commands to a terminal."""

from __future__ import annotations

import argparse
import base64
import os
import re
from typing import Iterator, Mapping, Optional
from urllib.parse import unquote

INSTEAD = "…"

# A secret that is shorter may be part of a word, which stays; longer ones go wherever they stand.
_SHORT = 8

# What other people's answers repeat of a request, whatever was in it.
_REPEATED = re.compile(r"((?:\bBearer\s+|\bauthorization:\s*\w+\s+))[^\s'\",;]+", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/\s'\"]*@")

# C0 and C1 without the line end. As JSON writes them, because they may stand in JSON.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """The text with control characters spelt out, but for tabs and line ends."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def in_one_line(text: str) -> str:
    """What somebody else has said, with its line ends spelt out."""
    return text.replace("\n", "\\n")


class Scrubber:
    """Takes the key, the proxy's password and all that is made of them out of messages."""

    def __init__(
        self, key: Optional[str], proxy: Optional[str], environment: Mapping[str, str]
    ) -> None:
        proxies = [value for name, value in environment.items() if name.lower().endswith("_proxy")]
        secrets = {key or "", environment.get("TELNYX_API_KEY") or ""}
        for url in [proxy or "", *proxies]:
            secrets.update(_secrets_of(url))
        secrets.update([_base64(secret) for secret in secrets])
        # The longest first: one may be the beginning of another.
        found = sorted(filter(None, secrets), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(_pattern, found)) or r"(?!)")

    @classmethod
    def for_command(cls, args: argparse.Namespace) -> Scrubber:
        """One for what was given on the command line and in the environment."""
        return cls(getattr(args, "api_key", None), getattr(args, "proxy", None), os.environ)

    def __call__(self, message: str) -> str:
        """The message without them, and fit for a terminal."""
        text = self._secrets.sub(INSTEAD, message)
        text = _REPEATED.sub(rf"\1{INSTEAD}", text)
        return printable(_USER_INFO.sub(f"{INSTEAD}@", text))


def _secrets_of(proxy: str) -> Iterator[str]:
    """The password in a proxy's URL, as it is written, meant and sent."""
    user_info, found, _ = proxy.partition("://")[2 if "://" in proxy else 0].rpartition("@")
    if found:
        user, parted, password = user_info.partition(":")
        yield password if parted else user
        yield unquote(password if parted else user)
        yield _base64(f"{unquote(user)}:{unquote(password)}")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def _pattern(secret: str) -> str:
    escaped = re.escape(secret)
    return escaped if len(secret) >= _SHORT else rf"(?<!\w){escaped}(?!\w)"

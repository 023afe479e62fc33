"""What runs code when it is loaded is loaded only for those who say that they trust it."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from camsim.errors import CamsimError, UnsafeError

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Trust:
    """Whether code that comes with a model may run."""

    given: bool = False
    sha256: str | None = None
    """The only file that is trusted: the model's, or the ``.py`` file of the function that makes it; None: any."""

    def __post_init__(self) -> None:
        if self.sha256 is not None and _SHA256.fullmatch(self.sha256) is None:
            raise CamsimError(f"--trust-model: a SHA-256 has 64 hexadecimal digits, got {self.sha256!r}")

    @classmethod
    def of(cls, text: str | None) -> Trust:
        """From the command line: None: not given; empty: given without a hash; otherwise the hash."""
        return cls() if text is None else cls(True, text.removeprefix("sha256:") or None)

    def check(self, what: str, file: Path, advice: str = "") -> str:
        """Allow code to run.

        Args:
            what: what would run, such as ``model.pt is a TorchScript archive``; a sentence without its end.
            file: the file that holds the code.
            advice: how to do without.

        Returns:
            The file's SHA-256.

        Raises:
            UnsafeError: it is not trusted, or another file than the one that is.
        """
        digest = file_digest(file)
        if not self.given:
            raise UnsafeError(
                f"{what}, which runs code when it is loaded; camsim refused it. {advice}{'. ' if advice else ''}"
                f"If you know where it comes from: --trust-model={digest} (in Python: trust=Trust(True, '{digest}'))"
            )
        if self.sha256 is not None and not hmac.compare_digest(self.sha256.lower(), digest):
            raise UnsafeError(
                f"{what}, and it is not the file that is trusted: {file} has the SHA-256 {digest}, "
                f"--trust-model names {self.sha256.lower()}; camsim refused it"
            )
        return digest


def file_digest(file: Path) -> str:
    """SHA-256 of a file.

    Raises:
        CamsimError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CamsimError(f"{file}: cannot be read: {error.strerror or error}") from None

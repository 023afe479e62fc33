"""Small XML files as trees, from anyone."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError  # for types and the error alone

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from camsim.errors import CamsimError, UnsafeError

MAX_BYTES = 16 * 2**20
MAX_DEPTH = 30


def read_xml(path: Path) -> Element:
    """The root element.

    Raises:
        CamsimError: unreadable, too large, too deep, or no XML; the message names file and line.
        UnsafeError: it declares entities or refers to other files.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CamsimError(f"{path}: is larger than {MAX_BYTES >> 20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise UnsafeError(f"{path}: declares a document type or entities ({error}); remove them") from error
    except ParseError as error:
        raise CamsimError(f"{path}:{error.position[0]}: is no XML: {error}") from error
    except (ValueError, LookupError) as error:  # of an unknown encoding
        raise CamsimError(f"{path}: is no XML: {error}") from error
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise CamsimError(f"{path}: is nested deeper than {MAX_DEPTH} levels")
        level = [child for element in level for child in element]
    return root

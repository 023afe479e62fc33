"""Files are known by their content, and those that run code are refused without being loaded."""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from audit.models import FileKind, load_model, sniff
from camsim.errors import CamsimError, UnsafeError


class Trap:
    """Unpickling it makes a folder: proof that a file was loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def torch_file(module: object, zipped: bool = True) -> bytes:
    stream = io.BytesIO()
    torch.save(module, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


def zip_file(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return stream.getvalue()


def tar_file() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    return stream.getvalue()


def safetensors_file() -> bytes:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(header)) + header + bytes(4)


DATA = {"weights": [1.5, "text", {"a": None}], "more": list(range(300))}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (torch_file(torch.nn.Linear(2, 2).state_dict()), FileKind.TORCH),
        (torch_file(torch.nn.Linear(2, 2).state_dict(), zipped=False), FileKind.TORCH),
        (zip_file("m/code/__torch__.py", "m/constants.pkl", "m/data.pkl"), FileKind.TORCHSCRIPT),
        (zip_file("m/archive_format", "m/models/model.json", "m/data/weights/w.pt"), FileKind.PT2),
        (zip_file("m/data.pkl", *(f"m/data/{i}" for i in range(20_000))), FileKind.TORCH),
        *((pickle.dumps(DATA, protocol), FileKind.PICKLE) for protocol in range(6)),
        (pickle.dumps([torch.nn.Identity], 0), FileKind.PICKLE),
        (pickle.dumps(torch.nn.Identity, 0), FileKind.PICKLE),
        (pickle.dumps([1, 2], 1), FileKind.PICKLE),
        (zip_file("config.json", "metadata.json", "model.weights.h5"), FileKind.KERAS),
        (zip_file("model.onnx"), FileKind.ZIP),
        (b"PK\x03\x04", FileKind.ZIP),
        (safetensors_file(), FileKind.SAFETENSORS),
        (b"\x1c\x00\x00\x00TFL3" + bytes(40), FileKind.TFLITE),
        (b"\x30\x00\x00\x00ORTM" + bytes(40), FileKind.ORT),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), FileKind.HDF5),
        (b"\x1f\x8b\x08\x00" + bytes(40), FileKind.GZIP),
        (tar_file(), FileKind.TAR),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", FileKind.LFS_POINTER),
        (b"<!DOCTYPE html>\n<html>Sign in</html>", FileKind.HTML),
        (b'{"irVersion": "8"}', FileKind.TEXT),
        ("déjà vu ".encode() * 20_000, FileKind.TEXT),
        (b"", FileKind.EMPTY),
        (b"\x00\x01\x02\xff" * 30, FileKind.UNKNOWN),
        (b"\x08\x01\x12\x02ab\x0b\x01", FileKind.UNKNOWN),
    ],
    # An archive's bytes hold the time of day, and so would the names of the tests.
    ids=lambda value: value.name if isinstance(value, FileKind) else "",
)
def test_kind_by_content_whatever_the_name(content: bytes, kind: FileKind, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert sniff(path) is kind
    with pytest.raises(
        UnsafeError if kind.value.runs_code else CamsimError, match=re.escape(kind.value.title)
    ) as error:
        load_model(path)
    assert error.value.exit_code == (4 if kind.value.runs_code else 2)
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore")
def test_archives_that_torch_itself_writes_today(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 2))
    path = tmp_path / "model.onnx"
    torch.export.save(torch.export.export(module, (torch.zeros(1, 2),)), path)
    assert sniff(path) is FileKind.PT2
    torch.jit.save(torch.jit.trace(module, torch.zeros(1, 2)), path)
    assert sniff(path) is FileKind.TORCHSCRIPT


def test_refusing_loads_nothing(tmp_path: Path) -> None:
    trapped = tmp_path / "trapped"
    for name, content in {
        "a.onnx": pickle.dumps(Trap(trapped)),
        "b.onnx": pickle.dumps(Trap(trapped), 0),
        "c.onnx": torch_file(Trap(trapped)),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnsafeError, match=r"runs code when it is loaded; camsim refused it\. Export"):
            load_model(tmp_path / name)
    assert not trapped.exists()
    with (tmp_path / "a.onnx").open("rb") as file:
        pickle.load(file)
    assert trapped.exists(), "the trap itself works"


def test_an_onnx_model_under_any_name(write) -> None:
    assert sniff(write(name="weights.pt")) is FileKind.ONNX
    assert load_model(write(name="weights.txt")).name == "weights.txt"
    assert sniff(write(name="model.ort")) is FileKind.ONNX


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_cut_onnx(write, kept: float) -> None:
    path = write()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(CamsimError, match=r"cut short|not a whole ONNX model"):
        load_model(path)


def test_metadata_and_functions_are_part_of_an_onnx_model(build, tmp_path: Path) -> None:
    proto = build()
    proto.producer_name, proto.doc_string, proto.domain, proto.model_version = "x", "text " * 50, "y", 300
    onnx.helper.set_model_props(proto, {"names": "{0: 'cat'}"})
    (tmp_path / "m").write_bytes(proto.SerializeToString())
    assert sniff(tmp_path / "m") is FileKind.ONNX


def test_missing_file_names_its_neighbours(write) -> None:
    path = write()
    with pytest.raises(CamsimError, match=r"modle\.onnx: no such file; did you mean 'model\.onnx'\?"):
        load_model(path.with_name("modle.onnx"))
    with pytest.raises(CamsimError, match="there is no folder"):
        load_model(path.parent / "models" / "model.onnx")


def test_folders_and_devices(tmp_path: Path) -> None:
    with pytest.raises(CamsimError, match="is a folder; give the ONNX file in it"):
        load_model(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(CamsimError, match="SavedModel"):
        load_model(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CamsimError, match="not a regular file"):
        load_model(tmp_path / "pipe")


def test_arbitrary_bytes_are_never_a_crash(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "model"
    for _ in range(200):
        path.write_bytes(rng.bytes(int(rng.integers(0, 60))))
        assert isinstance(sniff(path), FileKind)

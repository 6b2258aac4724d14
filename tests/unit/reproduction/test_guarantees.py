import platform
from dataclasses import replace
from importlib import metadata

import pytest
from support.project import ROOT

from vidpipe.reproduction import guarantees
from vidpipe.reproduction.guarantees import (
    Platform,
    package_mismatches,
    platform_mismatches,
    this_platform,
)
from vidpipe.utils.errors import UserError

RUNTIME = {"device": "cpu", "precision": "fp32", "threads": 2, "determinism": "portable"}
HERE = Platform("cpu", "AVX2", "32K/512K/16384K", "2.13.0+cpu", 2, "Some(R) CPU (8 cores)")


def reasons(project, determinism="portable"):
    return list(platform_mismatches(project, RUNTIME | {"determinism": determinism}, HERE))


def processor(tmp_path, monkeypatch, flags="fpu avx avx2", machine="x86_64"):
    monkeypatch.setattr(guarantees, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"model name\t: none\nflags\t\t: {flags}\n")
    monkeypatch.setattr(platform, "machine", lambda: machine)


def test_portable_bits_need_avx2(tmp_path, monkeypatch):
    processor(tmp_path, monkeypatch)
    assert reasons(tmp_path) == []
    processor(tmp_path, monkeypatch, flags="fpu avx")
    assert "expects AVX2" in reasons(tmp_path)[0]
    processor(tmp_path, monkeypatch, machine="aarch64")
    assert "expects x86_64, got aarch64" in reasons(tmp_path)[0]


def test_a_lock_of_any_style_is_read(tmp_path):
    numpy = metadata.version("numpy")
    (tmp_path / guarantees.REQUIREMENTS).write_text(
        f"# all\n--index-url https://example.org\nnumpy=={numpy} \\\n    --hash=sha256:00\n"
        f"pandas==0.1  # via x\nnumpy=={numpy} --hash=sha256:00\n    # via y\n"
    )
    (line,) = package_mismatches(tmp_path)
    assert line.startswith("pandas: expected 0.1, got ")


def test_a_revision_that_promised_nothing_says_so(tmp_path):
    for text in ("steps: 3\n", "runtime: {device: cpu, threads: 2}\n"):
        (tmp_path / "params.yaml").write_text(text)
        with pytest.raises(UserError, match=r"no runtime\.determinism, so nobody knows"):
            guarantees.runtime(tmp_path)


def test_this_machine_is_named_by_what_its_numbers_depend_on():
    import torch

    machine = this_platform(RUNTIME)
    assert (machine.device, machine.capability, machine.threads) == ("cpu", "AVX2", 2)
    assert torch.__version__ in machine.kind
    assert machine.processor not in machine.kind


def test_a_machines_bits_hold_for_its_own_kind(tmp_path):
    file = tmp_path / guarantees.RESULTS
    file.parent.mkdir()
    assert "no line `Made on: ...`" in reasons(tmp_path, "machine")[0]
    file.write_text("# Results\n\nSaid.\n")
    assert "no line `Made on: ...`" in reasons(tmp_path, "machine")[0]
    file.write_text(f"# Results\n\nMade on: {HERE}\n\nMore.\n")
    assert reasons(tmp_path, "machine") == []
    for differs in ({"capability": "AVX512"}, {"caches": "32K/1024K/16384K"}, {"threads": 4}):
        other = replace(HERE, **differs)
        file.write_text(f"Made on: {other}\n")
        (said,) = reasons(tmp_path, "machine")
        assert said == f"machine: expected {other.kind}, got {HERE.kind}"


def test_another_processor_of_the_same_kind_will_do(tmp_path):
    file = tmp_path / guarantees.RESULTS
    file.parent.mkdir()
    file.write_text(f"Made on: {HERE.kind}\n")
    assert reasons(tmp_path, "machine") == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"numpy=={metadata.version('numpy')}", []),
        (f"torch=={metadata.version('torch').split('+')[0]}", []),
        ("numpy==1.0", [f"numpy: expected 1.0, got {metadata.version('numpy')}"]),
        ("no-such-package==2.0", ["no-such-package: expected 2.0, got none"]),
        ('no-such-package==2.0 ; python_version < "3"', []),
        ("# numpy==1.0", []),
        ("    # via numpy", []),
    ],
)
def test_packages_are_held_to_the_lock(tmp_path, line, said):
    (tmp_path / "requirements.lock").write_text(f"#\n{line}\n")
    assert list(package_mismatches(tmp_path)) == said


def test_the_committed_lock_is_one_that_can_be_read():
    assert all(": expected " in line for line in package_mismatches(ROOT))


def test_a_revision_without_a_lock_says_so(tmp_path):
    assert "requirements.lock: not in this revision" in next(package_mismatches(tmp_path))

"""What the package installs for Jupyter."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager


def test_the_kernelspec_keeps_its_contract() -> None:
    spec = KernelSpecManager().get_kernel_spec("slipway")
    assert (spec.display_name, spec.language, spec.interrupt_mode) == ("Docker course", "python", "signal")
    assert Path(spec.argv[0]).name.startswith("python"), "jupyter_client puts the environment's own Python there"
    assert spec.argv[1:] == ["-P", "-m", "course.kernel", "-f", "{connection_file}"]


@pytest.mark.parametrize("size", [32, 64])
def test_it_has_a_logo_of_the_size_in_its_name(size: int) -> None:
    spec = KernelSpecManager().get_kernel_spec("slipway")
    data = (Path(spec.resource_dir) / f"logo-{size}x{size}.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == (size, size)


def test_the_installed_files_are_those_of_the_package() -> None:
    here = Path(__file__).parents[2] / "course/kernel/kernelspec"
    there = Path(KernelSpecManager().get_kernel_spec("slipway").resource_dir)
    for name in ("kernel.json", "logo-svg.svg", "logo-32x32.png", "logo-64x64.png"):
        assert (there / name).read_bytes() == (here / name).read_bytes(), f"{name}: install the package again"


def test_the_server_extension_is_switched_on() -> None:
    config = Path(sys.prefix) / "etc/jupyter/jupyter_server_config.d/slipway.json"
    assert json.loads(config.read_text())["ServerApp"]["jpserver_extensions"]["course.kernel.server_extension"] is True


def test_jupyter_lists_the_kernel() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "kernelspec", "list", "--json"], capture_output=True, text=True, check=True
    )
    assert "slipway" in json.loads(listed.stdout)["kernelspecs"]

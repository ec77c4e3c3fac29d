"""A layer depends on what the packages hold, and on nothing of the machine that unpacked them."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from course.images.layer import epoch, merged, write_layer
from course.images.recipe import bases

PLAIN = replace(bases()["busybox"], drop=("usr/share/doc/*", "etc/hostname"), keep=("usr/share/doc/*/copyright",))


def rootfs(path: Path, names: list[str], *, mtime: int = 0) -> Path:
    with tarfile.open(path, "w") as packed:
        for name in names:
            info = tarfile.TarInfo(f"./{name}")
            info.mtime, info.uname, info.mode = mtime, "builder", 0o755
            kind, _, target = name.partition("=>")
            if target:
                info.name, info.linkname = f"./{kind}", target
                info.type = tarfile.LNKTYPE if target.startswith("./") else tarfile.SYMTYPE
                packed.addfile(info)
            else:
                info.size = len(name)
                packed.addfile(info, io.BytesIO(name.encode()))
    return path


def entries(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as layer:
        return {info.name: info for info in layer}


def test_the_order_and_the_times_of_the_unpacking_do_not_matter(tmp_path: Path) -> None:
    one = rootfs(tmp_path / "1.tar", ["bin/busybox", "usr/bin/tool", "etc/x"], mtime=1)
    two = rootfs(tmp_path / "2.tar", ["etc/x", "usr/bin/tool", "bin/busybox"], mtime=1_700_000_000)
    assert write_layer(one, PLAIN, tmp_path / "a") == write_layer(two, PLAIN, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_content_gives_another_digest(tmp_path: Path) -> None:
    one = rootfs(tmp_path / "1.tar", ["bin/busybox", "etc/x"])
    two = rootfs(tmp_path / "2.tar", ["bin/busybox", "etc/y"])
    assert write_layer(one, PLAIN, tmp_path / "a") != write_layer(two, PLAIN, tmp_path / "b")


def test_source_date_epoch_is_the_one_time_in_a_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    write_layer(rootfs(tmp_path / "1.tar", ["bin/busybox"], mtime=9), PLAIN, tmp_path / "a")
    assert epoch() == 86400
    assert {info.mtime for info in entries(tmp_path / "a").values()} == {86400}


def test_folders_before_and_after_the_usr_merge_agree(tmp_path: Path) -> None:
    before = rootfs(tmp_path / "1.tar", ["bin/busybox", "lib/x/libc.so.6", "lib64/ld.so=>/lib/x/libc.so.6"])
    after = rootfs(tmp_path / "2.tar", ["usr/bin/busybox", "usr/lib/x/libc.so.6", "usr/lib64/ld.so=>/lib/x/libc.so.6"])
    write_layer(before, PLAIN, tmp_path / "a")
    write_layer(after, PLAIN, tmp_path / "b")
    assert list(entries(tmp_path / "a")) == list(entries(tmp_path / "b"))
    assert entries(tmp_path / "a")["lib64"].linkname == "usr/lib64"
    assert merged("sbin/init") == "usr/sbin/init" and merged("libexec/x") == "libexec/x"


def test_a_link_upwards_still_points_to_the_same_file_after_the_merge(tmp_path: Path) -> None:
    packed = rootfs(tmp_path / "1.tar", ["bin/busybox", "lib/x/libz.so=>../../usr/lib/x/libz.so.1"])
    write_layer(packed, PLAIN, tmp_path / "a")
    assert entries(tmp_path / "a")["usr/lib/x/libz.so"].linkname == "/usr/lib/x/libz.so.1"


def test_a_hard_link_becomes_a_file_with_the_same_content(tmp_path: Path) -> None:
    packed = rootfs(tmp_path / "1.tar", ["usr/bin/perl5", "usr/bin/perl=>./usr/bin/perl5"])
    write_layer(packed, PLAIN, tmp_path / "a")
    with tarfile.open(tmp_path / "a") as layer:
        content = layer.extractfile("usr/bin/perl")
        assert content is not None and content.read() == b"usr/bin/perl5"


def test_dropped_paths_are_absent_and_licences_stay(tmp_path: Path) -> None:
    names = ["bin/busybox", "etc/hostname", "usr/share/doc/z/changelog", "usr/share/doc/z/copyright"]
    write_layer(rootfs(tmp_path / "1.tar", names), PLAIN, tmp_path / "a")
    found = entries(tmp_path / "a")
    assert "usr/share/doc/z/copyright" in found
    assert "etc/hostname" not in found and "usr/share/doc/z/changelog" not in found


def test_every_image_has_tmp_users_and_the_applets_as_links(tmp_path: Path) -> None:
    write_layer(rootfs(tmp_path / "1.tar", ["bin/busybox", "bin/ls"]), PLAIN, tmp_path / "a")
    found = entries(tmp_path / "a")
    assert found["tmp"].mode == 0o1777
    assert (found["home/app"].uid, found["home/app"].gid) == (1000, 1000)
    assert found["usr/bin/sh"].linkname == "busybox" and found["bin"].linkname == "usr/bin"
    assert found["usr/bin/ls"].isreg(), "a package's own program wins over busybox"

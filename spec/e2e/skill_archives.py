"""spec/e2e/skill_archives.py -- hostile archives around a skill, which no tool writes by itself: files in a directory."""
import io
import os
import stat
import sys
import tarfile
import zipfile

OUT = sys.argv[1]
SKILL = b"---\nname: bait\ndescription: A skill that is fine by itself.\n---\nHello.\n"


def tar(name, *entries, mode="w:gz"):
    """entries: (path, bytes) or a TarInfo."""
    with tarfile.open(os.path.join(OUT, name), mode) as t:
        for entry in ((("bait/SKILL.md", SKILL),) + entries):
            if isinstance(entry, tarfile.TarInfo):
                t.addfile(entry)
                continue
            info = tarfile.TarInfo(entry[0])
            info.size = len(entry[1])
            t.addfile(info, io.BytesIO(entry[1]))


def special(path, kind, target=""):
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, target
    if kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = 1, 5
    return info


def zipped(name, *entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(os.path.join(OUT, name), "w", compression) as z:
        z.writestr("bait/SKILL.md", SKILL)
        for path, data, *mode in entries:
            info = zipfile.ZipInfo(path)
            info.compress_type = compression
            info.create_system = 3
            if mode:
                info.external_attr = mode[0] << 16
            z.writestr(info, data)


class Zeros(io.RawIOBase):
    """So many zeros."""

    def __init__(self, size):
        self.left = size

    def readable(self):
        return True

    def read(self, n=-1):
        n = self.left if n < 0 else min(n, self.left)
        self.left -= n
        return b"\0" * n


def bombs():
    with tarfile.open(os.path.join(OUT, "bomb.tar.gz"), "w:gz") as t:
        info = tarfile.TarInfo("bait/big")
        info.size = 1 << 30
        t.addfile(info, Zeros(1 << 30))
    with zipfile.ZipFile(os.path.join(OUT, "bomb.zip"), "w", zipfile.ZIP_DEFLATED) as z:
        with z.open("bait/big", "w") as f:
            for _ in range(1024):
                f.write(b"\0" * (1 << 20))


tar("dotdot.tar.gz", ("bait/../../etc/cron.d/x", b"x"))
tar("absolute.tar.gz", ("/etc/cron.d/x", b"x"))
tar("symlink.tar.gz", special("bait/passwd", tarfile.SYMTYPE, "/etc/passwd"))
tar("inner_symlink.tar.gz", special("bait/again.md", tarfile.SYMTYPE, "SKILL.md"))
tar("hardlink.tar.gz", special("bait/hard", tarfile.LNKTYPE, "bait/SKILL.md"))
tar("device.tar.gz", special("bait/zero", tarfile.CHRTYPE))
tar("block.tar.gz", special("bait/sda", tarfile.BLKTYPE))
tar("fifo.tar.gz", special("bait/pipe", tarfile.FIFOTYPE))
tar("twice.tar.gz", ("bait/a.md", b"1"), ("bait/a.md", b"2"))
tar("case.tar.gz", ("bait/skill.md", b"other"))
tar("case_directory.tar.gz", ("bait/Notes", b"1"), ("bait/notes/x", b"2"))
tar("forms.tar.gz", ("bait/caf\u00e9.md", b"1"), ("bait/cafe\u0301.md", b"2"))
tar("width.tar.gz", ("bait/\uff33KILL.md", b"1"))
tar("full_dots.tar.gz", ("bait/\uff0e\uff0e\uff0fx", b"1"))
tar("one_dots.tar.gz", ("bait/\u2024\u2024/x", b"1"))
tar("override.tar.gz", ("bait/gpj.\u202eexe", b"1"))
tar("zero_width.tar.gz", ("bait/SKILL\u200b.md", b"1"))
tar("backslash.tar.gz", ("bait/..\\..\\x", b"1"))
tar("newline.tar.gz", ("bait/a\nb", b"1"))
tar("deep.tar.gz", ("bait/" + "d/" * 12 + "x", b"1"))
tar("many.tar.gz", *[(f"bait/f{i}", b"1") for i in range(300)])
tar("large.tar.gz", ("bait/large.txt", os.urandom(1 << 20) + b"!"))
tar("heavy.tar.gz", *[(f"bait/f{i}.txt", os.urandom(1000000)) for i in range(5)])
zipped("dotdot.zip", ("bait/../../x", b"x"))
zipped("absolute.zip", ("/etc/x", b"x"))
zipped("symlink.zip", ("bait/link", b"/etc/passwd", stat.S_IFLNK | 0o777))
zipped("device.zip", ("bait/dev", b"", stat.S_IFCHR | 0o666))
zipped("twice.zip", ("bait/a.md", b"1"), ("bait/a.md", b"2"))
zipped("case.zip", ("bait/SKILL.MD", b"1"))
bombs()

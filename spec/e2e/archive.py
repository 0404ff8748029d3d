"""spec/e2e/archive.py -- archives as Python writes them, good ones and bad ones: lines of name and base64 on stdout."""
import base64
import io
import random
import struct
import sys
import tarfile
import zipfile
import zlib

R = random.Random(int(sys.argv[1]))
KINDS = (b"", b"x" * 3000, bytes(range(256)) * 40, "é😀".encode() * 500)


def show(label, data):
    print(label, base64.b64encode(data).decode())


def trees():
    """Files of random names and data, as lists of (name, data)."""
    for _ in range(30):
        tree = {}
        for _ in range(R.randrange(1, 9)):
            name = "/".join(R.choice(("a", "bb", "ü", "d" * 60, "e.txt")) + str(R.randrange(99)) for _ in range(R.randrange(1, 6)))
            tree[name] = R.choice(KINDS) if R.random() < 0.7 else R.randbytes(R.randrange(70000))
        names = sorted(tree)
        yield [(n, tree[n]) for n in names if not any(o.startswith(n + "/") for o in names)]


def tar_of(tree, form, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as t:
        for name, data in tree:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), 1700000000, 0o640
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_of(tree, method, stream=False):
    out = io.BytesIO()
    if stream:
        out.seekable = lambda: False
    with zipfile.ZipFile(out, "w", method, compresslevel=R.randrange(1, 10)) as z:
        for name, data in tree:
            z.writestr(name, data)
    return out.getvalue()


def good():
    for tree in trees():
        listing = "\n".join(f"{n} {len(d)} {zlib.crc32(d)}" for n, d in sorted(tree, key=lambda each: each[0].encode()))
        show("tree", listing.encode())
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            show("tar", tar_of(tree, form))
        show("tgz", tar_of(tree, tarfile.PAX_FORMAT, "w:gz"))
        show("zip", zip_of(tree, zipfile.ZIP_DEFLATED))
        show("zip", zip_of(tree, zipfile.ZIP_STORED))
        show("zip", zip_of(tree, zipfile.ZIP_DEFLATED, True))


def tar_with(name="x", kind=tarfile.REGTYPE, link="", data=b"", form=tarfile.PAX_FORMAT, again=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as t:
        for each in (name, again):
            if each is None:
                continue
            info = tarfile.TarInfo(each)
            info.type, info.linkname, info.size = kind, link, len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_with(name="x", data=b"hello", mode=None, again=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for each in (name, again):
            if each is None:
                continue
            info = zipfile.ZipInfo("placeholder" if "\\" in each else each)
            info.filename = each
            if mode is not None:
                info.external_attr, info.create_system = mode << 16, 3
            z.writestr(info, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def overlapping():
    """Ten names in the directory, one entry's data."""
    one = zip_with("a" * 1, b"x" * 50000)
    end = one.rindex(b"PK\5\6")
    start = struct.unpack("<I", one[end + 16:end + 20])[0]
    record = one[start:end]
    directory = b"".join(record[:46] + b"a" + record[47:] for _ in range(10))
    return one[:start] + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 10, 10, len(directory), start, 0)


def bad():
    for name in ("../x", "a/../../x", "/etc/passwd", "a/..", "..", "C:/x", "a\\..\\x", "a\nb", "\x7f", "a/" * 40 + "x", "n" * 300):
        show("bad tar", tar_with(name))
        show("bad zip", zip_with(name))
    for kind, link in ((tarfile.SYMTYPE, "/etc"), (tarfile.SYMTYPE, "y"), (tarfile.LNKTYPE, "y"), (tarfile.CHRTYPE, ""),
                       (tarfile.FIFOTYPE, ""), (tarfile.GNUTYPE_SPARSE, ""), (b"V", "")):
        show("bad tar", tar_with("x", kind, link))
    show("bad tar", tar_with("x", again="x"))
    show("bad tar", tar_with("x", again="x/y"))
    show("bad tar", tar_with("x/y", again="x"))
    show("bad tar", tar_with("./x", again="x"))
    show("bad tar", tar_with("p" * 2000))
    show("bad zip", zip_with("x", mode=0o120777))
    show("bad zip", zip_with("x", mode=0o020666))
    show("bad zip", zip_with("x", again="x"))
    show("bad zip", zip_with("x", again="x/y"))
    show("bad zip", zip_with("x", b"\0" * 10_000_000))
    show("bad zip", overlapping())
    whole = zip_with("name", b"hello hello hello")
    show("bad zip", b"MZ" + whole)
    show("bad zip", whole.replace(b"name", b"evil", 1))
    show("bad zip", whole + b"x")
    show("bad tgz", zlib.compress(b"\0" * 50_000_000, 9, 31))


if sys.argv[2] == "good":
    good()
elif sys.argv[2] == "bad":
    bad()
else:  # to be cut and changed
    show("tar", tar_with("a/b", data=b"hello", form=tarfile.PAX_FORMAT)[:1536])
    show("tar", tar_of([("ü" * 60 + "/x", b"hello")], tarfile.PAX_FORMAT)[:4096])
    show("zip", zip_of([("a/b", b"hello" * 40), ("c", b"x")], zipfile.ZIP_DEFLATED))
    show("tgz", tar_of([("a/b", b"hello")], tarfile.GNU_FORMAT, "w:gz"))

#!/usr/bin/env python3
"""rocks/unicode/generate.py -- writes data.lua from the Unicode Character Database that Python carries.

Usage: python3 rocks/unicode/generate.py > rocks/unicode/data.lua
The version of the database is the one of the Python that runs it, and is named in what is written.
"""
import sys
import unicodedata as ucd

WIDTH = 108
LIMIT = 0x32400  # everything above is unassigned, private, or ignorable (see TAGS)
TAGS = range(0xE0000, 0xE1000)  # language tags and variation selectors

# Marks that a name may have or not: overlays, nuktas, points of Hebrew and Arabic, and everything above and
# below letters.  Vowel signs, viramas and tones of the scripts that are written with them stay.
DROPPED_MARKS = {1, 6, 7} | set(range(10, 37)) | set(range(202, 241))
IGNORABLE = {0x034F, 0x0640, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0}

# One letter written in two ways, by language or keyboard.
VARIANTS = {"æ": "ae", "œ": "oe", "ı": "i", "ĸ": "k", "ŋ": "n", "þ": "th", "ð": "d",
            "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ۀ": "ه"}
SCRIPTS = {"HIRAGANA": "J", "KATAKANA": "K", "CJK": "Z", "IDEOGRAPHIC": "Z", "KANGXI": "Z", "HANGUL": "H", "THAI": "T",
           "LAO": "T", "KHMER": "T", "MYANMAR": "T"}


def name(cp):
    return ucd.name(chr(cp), "")


def is_dropped(cp):
    ch = chr(cp)
    category = ucd.category(ch)
    if cp in IGNORABLE or category in ("Me", "Cf") or 0xFE00 <= cp <= 0xFE0F or cp in TAGS:
        return True
    return category == "Mn" and ucd.combining(ch) in DROPPED_MARKS


def base_letter(ch):
    """The letter without a stroke through it, which is no mark of its own in Unicode."""
    head, stroke, tail = name(ord(ch)).partition(" WITH ")
    if tail not in ("STROKE", "DIAGONAL STROKE", "SHORT STROKE OVERLAY", "HOOK", "BAR", "MIDDLE TILDE"):
        return ch
    try:
        return ucd.lookup(head)
    except KeyError:
        return ch


def variant(ch):
    if 0x30A1 <= ord(ch) <= 0x30F6:  # katakana is read like hiragana
        return chr(ord(ch) - 0x60)
    return VARIANTS.get(ch) or base_letter(ch)


def fold(cp):
    ch = chr(cp)
    if 0x3131 <= cp <= 0x318E or 0xAC00 <= cp <= 0xD7A3 or 0x1100 <= cp <= 0x11FF or 0xA960 <= cp < 0xA980:
        return ch  # Hangul is kept in syllables
    text = ch
    for _ in range(3):
        text = "".join(c for c in ucd.normalize("NFKD", text) if not is_dropped(ord(c))).casefold()
    text = "".join(variant(c) for c in text)
    if 0xAC00 <= ord(ucd.normalize("NFC", text)[:1] or "a") <= 0xD7A3:
        text = ucd.normalize("NFC", text)
    if any(ucd.category(c)[0] not in "LNM" for c in text) and len(text) > 1 or len(text) > 8:
        return ch  # "(a)", "a/c" and whole sentences in one character
    if not text or text[0] in "{} " or ucd.category(text[0])[0] == "M" and ucd.category(ch)[0] in "SP":
        return ch  # an accent without a letter
    return text


def plain_class(cp):
    category, words = ucd.category(chr(cp)), name(cp).split(" ")
    if is_dropped(cp):
        return "X"
    if cp == 0x055E:
        return "q"  # stands within the word that asks
    if category[0] == "M" or cp == 0x30FC or cp == 0xFF70:
        return "M"
    if category[0] in "LN":
        joined = words[1] if words[0] in ("HALFWIDTH", "FULLWIDTH") and len(words) > 1 else words[0]
        return SCRIPTS.get(joined, "N" if category[0] == "N" else "L")
    if category == "Zl" or category == "Zp" or cp in (10, 11, 12, 13, 0x85):
        return "."
    if category[0] == "P" or category == "So":
        text = name(cp)
        if "QUESTION" in text or "INTERROBANG" in text:
            return " " if category == "So" and cp not in (0x2370,) and "ORNAMENT" not in text else "?"
        if "EXCLAMATION" in text or "FULL STOP" in text or "DANDA" in text or "ELLIPSIS" in text:
            return "."
        if "COMMA" in text or text.endswith("COLON") or "DASH" in text:
            return ","
    return " "


def class_of(cp):
    kind = plain_class(cp)
    if kind == " " and ucd.category(chr(cp))[0] in "SP" and fold(cp) != chr(cp):
        folded = fold(cp)
        if folded and all(ucd.category(c)[0] in "LN" for c in folded):
            return plain_class(ord(folded[0]))
    return kind


def known(cp):
    return ucd.category(chr(cp)) not in ("Cn", "Co", "Cs")


def classes():
    """Ranges of one class; what is not assigned goes with its neighbour."""
    ranges = []
    for cp in list(range(LIMIT)) + list(TAGS):
        if not known(cp):
            continue
        kind = class_of(cp)
        if ranges and ranges[-1][2] == kind and (kind == "X" or cp - ranges[-1][1] < 4096):
            ranges[-1][1] = cp
        else:
            ranges.append([cp, cp, kind])
    for first, last, kind in ranges:
        if kind != " ":
            yield "%x%s%s" % (first, "-%x" % (last - first) if last > first else "", kind)


def shown(text):
    return text if len(text) == 1 else "{" + text + "}"


def folds():
    """For each page of 256 that has any: (page, ["offset" + targets, ..])."""
    for page in range(LIMIT >> 8):
        items, free = [], -1
        for cp in range(page << 8, (page + 1) << 8):
            if not known(cp) or class_of(cp) == "X":
                continue
            to = fold(cp)
            if to == chr(cp):
                continue
            if 0 <= cp - free <= 2 and items and len(items[-1]) < WIDTH - 30 and all(known(c) and class_of(c) != "X" for c in range(free, cp)):
                items[-1] += "".join(shown(fold(c)) for c in range(free, cp)) + shown(to)
            else:
                items.append("%02x%s" % (cp & 255, shown(to)))
            free = cp + 1
        if items:
            yield page, items


def wrapped(words, indent=""):
    line = indent
    for word in words:
        if len(line) + len(word) + 1 > WIDTH and line != indent:
            yield line.rstrip()
            line = indent
        line += word + " "
    yield line.rstrip()


def main():
    out = sys.stdout
    out.reconfigure(encoding="utf-8")
    out.write("-- rocks/unicode/data.lua -- written by generate.py from the Unicode Character Database; do not edit.\n")
    out.write("return {\n  version = %s,\n" % repr(ucd.unidata_version).replace("'", '"'))
    out.write("  -- first[-how many more]class, hexadecimal\n  classes = [[\n")
    out.write("\n".join(wrapped(classes())) + "\n]],\n")
    out.write("  -- page:, then offset and what it and those after it fold to, {} around what is not one character\n")
    out.write("  folds = [[\n")
    for page, items in folds():
        for line in wrapped(items, "%x:" % page):
            out.write(line + "\n")
    out.write("]],\n}\n")


if __name__ == "__main__":
    main()

"""Makes the font of the PDF files: Noto Sans CJK SC, reduced to the characters of GB 2312 and some of people's names.

    python web/fonts/make.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

The result is in the repository, so that a server needs no fonts installed; this is only for making it anew.
"""

import sys
from pathlib import Path

from fontTools import subset

OUT = Path(__file__).parent / "NotoSansSC-gb2312.otf"
SC_IN_COLLECTION = 2
NAMES = "喆堃珺翀镕垚淼焱犇骉骁昇晟玥琰珈珂玮琨瑀瑄瑭璟璐璇瑾珩珣玘玥瓅垌堉埇埸塬墘墚奭妤婼媖嫄孖宓岍峣崟嵘巉帔廙彧怡恺悫惇惠懋戬扆抃昉昕昪昱晗晞暐暠暄曈杓杙枟柃栎桄桉棪棽楙楒槿橦樾欤歆殳毓沄沇沚泂洣洺浠浡浥涔涪淏淯湜湉湲溆滢漪漷澍澔濛瀚灏炅炆烜烨煊煜熠燊燚爔牁猷玎玕"
RANGES = (
    (0x20, 0x7F), (0xA5, 0xA6), (0xB0, 0xB4), (0xB7, 0xB8), (0xD7, 0xD8), (0x2010, 0x2027), (0x2030, 0x2031), (0x2103, 0x2104),
    (0x2160, 0x216C), (0x2190, 0x2194), (0x2264, 0x2266), (0x25A0, 0x25A2), (0x25CB, 0x25CC), (0x25CF, 0x25D0),
    (0x3000, 0x3020), (0xFF01, 0xFF5F), (0xFFE5, 0xFFE6),
)  # fmt: skip


def characters() -> set[int]:
    found = {code for first, last in RANGES for code in range(first, last)} | {ord(letter) for letter in NAMES}
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes([high, low]).decode("gb2312")))
            except UnicodeDecodeError:
                pass  # five places at the end of the first level are empty
    return found


def main(source: str) -> None:
    options = subset.Options(layout_features=[], hinting=False, desubroutinize=True, font_number=SC_IN_COLLECTION)
    options.name_IDs = ["*"]
    options.drop_tables += ["vhea", "vmtx", "BASE", "VORG"]
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    subset.save_font(font, str(OUT), options)


if __name__ == "__main__":
    main(sys.argv[1])

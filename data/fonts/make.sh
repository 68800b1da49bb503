#!/bin/sh
# Makes data/fonts/NotoSansSC-sheet.ttf: Noto Sans SC (SIL OFL 1.1), reduced to GB 2312, Latin, the marks that
# sheets need, every character in data/ and frequent ones in names of people and places that GB 2312 lacks.
# Needs npm (which brings the whole font) and fontTools (Debian: python3-fonttools).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent @expo-google-fonts/noto-sans-sc@0.4.3 >/dev/null
tar xzf ./*.tgz
cp package/LICENSE_FONT "$here/OFL.txt"
python3 - "$here/.." >characters.txt <<'PY'
import pathlib, sys
kept = set(range(0x20, 0x7F)) | set(range(0xA0, 0x180)) | set(range(0x2460, 0x2474))
kept |= {ord(c) for c in "‐–—‘’“”…‰′″℃№ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ←↑→↓≈≠≤≥×÷±°㎡㎞㎜㎝〇㐂"}
for row in range(0xA1, 0xF8):
    for cell in range(0xA1, 0xFF):
        try:
            kept.add(ord(bytes([row, cell]).decode("gb2312")))
        except UnicodeDecodeError:
            pass
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.*")):
    kept |= {ord(c) for c in path.read_text(encoding="utf-8") if ord(c) >= 0x20}
names = (
    "喆堃镕昇甯淼晢玥珺璟琤瑀瑄瑆瑷璠璘璎璜琎玚玙珽琇琲瑢瑨璈璐璪甪祎祐禛禔竑竣笪筠"
    "赟钰铖铠锜锳镠镡頔颋飏騛骎骐骙骞翀翙翚翯芃芮苡茉茜莙菡萱葳蒽蓁蓥蔼薷蘅蘩"
    "昉昕昫昳晗晞晟晧晳暄暐暕暘曈曦朌杬杺栐栯栱桄桢棽棪楀榕槑槿橚檬汭沄沚泂泃洢洺浠浥浵涢淏淯渟湉湜溁溱滟滢漷潆澍澔澴濛濠瀚瀛炅炘炜炫烜烨焓焯煊煜煦熠熤熹熺燊燏爔"
    "闫闰闳阇隽霁霏韡韫奡奭婳媖媛媞嫄嫚嬿孖宓宥屾岍岚岑峣峤崟崧嵋嵘嵩巍幂弢彧彣彤忞忻怡恺悆悰惇愔憬懋扆挺捷攸敔斌旸旻旼"
    "仝伃伋伲佶侃侑俍俣倓倢偲傒僖儇儁冏冼凇劭劼勍勖匡卲卺厍厷吉哿唅啓喬圪坜坨垡垟垚埌埇埗埝堌堎堽塬墁壾夤㛃㸌䶮龑龢鿍"
    "廆廒庑庡辿迓迦逄逯遆邘邙邠邳郄郏郓郗鄄鄚鄠鄣酆釿鋆鎏锟锴锽镔镛閆靖靳鞠鲍鲘鲖麴黉黾鼐"
)
kept |= {ord(c) for c in names}
print("\n".join(f"U+{c:04X}" for c in sorted(kept)))
PY
python3 -m fontTools.subset package/400Regular/NotoSansSC_400Regular.ttf \
    --unicodes-file=characters.txt --output-file="$here/NotoSansSC-sheet.ttf" \
    --layout-features= --no-hinting --desubroutinize --drop-tables+=vhea,vmtx,GSUB,GPOS,GDEF,BASE,STAT,DSIG \
    --name-IDs=0,1,2,3,4,5,6,13,14 --no-glyph-names --notdef-outline
ls -l "$here/NotoSansSC-sheet.ttf"

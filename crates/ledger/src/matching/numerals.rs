//! Chinese numbers before words that count (三号楼, 第十五中学 is left alone) as digits.

/// Words after which a number is one of a house, building, unit, floor or room, or of a lane.
const COUNTED: &str = "号楼栋幢座单层室户院排组巷弄队";

/// `text` with Chinese numbers before a counted word written as digits: 三号楼 becomes 3号楼.
pub(super) fn with_digits(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut written = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let length = chars[at..].iter().take_while(|c| value(**c).is_some()).count();
        if length == 0 {
            written.push(chars[at]);
            at += 1;
            continue;
        }
        let run = &chars[at..at + length];
        let is_counted = chars.get(at + length).is_some_and(|next| COUNTED.contains(*next));
        match number(run).filter(|_| is_counted) {
            Some(number) => written.push_str(&number),
            None => written.extend(run),
        }
        at += length;
    }
    written
}

enum Numeral {
    Digit(u32),
    Unit(u32),
}

fn value(c: char) -> Option<Numeral> {
    use Numeral::{Digit, Unit};
    Some(match c {
        '〇' | '零' | '○' => Digit(0),
        '一' | '壹' => Digit(1),
        '二' | '贰' | '两' => Digit(2),
        '三' | '叁' => Digit(3),
        '四' | '肆' => Digit(4),
        '五' | '伍' => Digit(5),
        '六' | '陆' => Digit(6),
        '七' | '柒' => Digit(7),
        '八' | '捌' => Digit(8),
        '九' | '玖' => Digit(9),
        '十' | '拾' => Unit(10),
        '百' | '佰' => Unit(100),
        '千' | '仟' => Unit(1000),
        _ => return None,
    })
}

/// 一百二十 as 120, 一〇二 as 102; `None` for what is no number below 10,000 or has too many digits.
fn number(run: &[char]) -> Option<String> {
    let numerals: Vec<Numeral> = run.iter().filter_map(|c| value(*c)).collect();
    if numerals.iter().all(|one| matches!(one, Numeral::Digit(_))) {
        let digits = numerals.iter().map(|one| match one {
            Numeral::Digit(digit) | Numeral::Unit(digit) => digit.to_string(),
        });
        return (numerals.len() <= 6).then(|| digits.collect());
    }
    let (mut total, mut digit, mut least, mut has_zero) = (0, None, 10_000, false);
    for numeral in numerals {
        match numeral {
            Numeral::Digit(0) if digit.is_none() => has_zero = true,
            Numeral::Digit(one) => {
                if digit.replace(one).is_some() {
                    return None;
                }
            }
            Numeral::Unit(unit) => {
                if unit >= least {
                    return None;
                }
                (least, has_zero) = (unit, false);
                total += digit.take().unwrap_or(1) * unit;
            }
        }
    }
    // 一百二 is 120 to one speaker and 102 to another.
    let is_clear = digit.is_none() || has_zero || least == 10;
    is_clear.then(|| (total + digit.unwrap_or(0)).to_string())
}

//! An amount of money as reps write it: "5000", "12,000 EUR", "€ 1.500,50".

/// The amount of a text and its currency, as it was written in capitals ("" where none was); `None` when there is no number in it.
///
/// Of two kinds of separators the last one is the decimal point; one alone is it unless three digits follow, as behind thousands.
pub fn amount_of(text: &str) -> Option<(f64, String)> {
    let digit = |c: char| c.is_ascii_digit();
    let (from, to) = (text.find(digit)?, text.rfind(digit)? + 1);
    let number = &text[from..to];
    if !number.chars().all(|c| digit(c) || ".,' \u{a0}\u{202f}".contains(c)) {
        return None;
    }
    let number: String = number.chars().filter(|c| digit(*c) || ".,".contains(*c)).collect();
    let last = number.rfind(['.', ',']);
    let point = last.filter(|at| {
        let mark = number.as_bytes()[*at];
        let is_alone = number.bytes().filter(|byte| *byte == mark).count() == 1;
        let is_mixed = number.bytes().any(|byte| !byte.is_ascii_digit() && byte != mark);
        is_alone && (is_mixed || number.len() - at - 1 != 3)
    });
    let (whole, cents) = point.map_or((number.as_str(), ""), |at| (&number[..at], &number[at + 1..]));
    let whole: String = whole.chars().filter(|c| digit(*c)).collect();
    let amount = format!("{whole}.{cents}0").parse().ok()?;
    let words = format!("{}{}", &text[..from], &text[to..]);
    Some((amount, words.trim().chars().take(8).collect::<String>().to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_mean_them() {
        let read = |text| amount_of(text).map(|(amount, currency)| format!("{amount} {currency}"));
        for (text, meant) in [
            ("5000", "5000 "),
            ("12,000 EUR", "12000 EUR"),
            ("€ 1.500,50", "1500.5 €"),
            ("1.500 eur", "1500 EUR"),
            ("1'200.75 CHF", "1200.75 CHF"),
            ("99.9", "99.9 "),
            ("1,234,567", "1234567 "),
        ] {
            assert_eq!(read(text).as_deref(), Some(meant), "{text}");
        }
        assert_eq!((read("much"), read("3 seats at 500")), (None, None));
    }
}

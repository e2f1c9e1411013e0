/// Rows as text in aligned columns, under their titles.
pub(super) fn text_table<const N: usize>(
    titles: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows: Vec<[String; N]> = std::iter::once(titles.map(str::to_owned)).chain(rows).collect();
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// The beginning of a text, on one line.
pub(super) fn short(text: &str) -> String {
    const LENGTH: usize = 100;
    let mut short: String =
        text.chars().take(LENGTH).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LENGTH).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::{short, text_table};

    #[test]
    fn columns_are_aligned_and_texts_are_cut() {
        let rows = [["1".to_owned(), "x".to_owned()], ["200".to_owned(), "é".to_owned()]];
        assert_eq!(text_table(["ID", "ERROR"], rows), "ID   ERROR\n1    x\n200  é\n");
        assert_eq!(short("a\nb"), "a b");
        assert_eq!(short(&"é".repeat(101)).chars().count(), 101);
    }
}

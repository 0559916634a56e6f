//! Records and fields of a CSV text, with the line on which each record starts.
//!
//! Strict where a lenient reader would repair in silence: a quote that never closes and text
//! after a closing quote are faults. Lines are counted as an editor counts them: LF, CRLF and a
//! lone CR each end one, inside quotes too.

/// The bytes that end a field without quotes.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    ends[b',' as usize] = true;
    ends[b'\n' as usize] = true;
    ends[b'\r' as usize] = true;
    ends
};

/// Where one field's content lies; `escaped` when it holds doubled quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub start: usize,
    pub end: usize,
    pub escaped: bool,
}

/// A fault in the quoting of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The quote that opens on this line never closes.
    Unclosed { line: u32, field: usize },
    /// Text stands between a closing quote and the next comma.
    Stray { line: u32, field: usize },
}

/// One record: where it starts and what is wrong with its quoting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub start: usize,
    pub line: u32,
    /// Nothing at all on the line.
    pub blank: bool,
    pub fault: Option<Fault>,
}

/// Walks through the records of a text.
#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Starts at a record whose offset is known.
    pub fn from(text: &'a [u8], at: usize) -> Self {
        Self { text, at, line: 1 }
    }

    /// Reads the next record into `fields`; None at the end of the text.
    pub fn record(&mut self, fields: &mut Vec<Field>) -> Option<Record> {
        fields.clear();
        let text = self.text;
        if self.at >= text.len() {
            return None;
        }
        let (start, line) = (self.at, self.line);
        let mut fault = None;
        let mut at = start;
        loop {
            if at < text.len() && text[at] == b'"' {
                let opened = self.line;
                let (field, next, closed) = self.quoted(at);
                at = next;
                if !closed {
                    fault = Some(Fault::Unclosed { line: opened, field: fields.len() });
                }
                let stray = at;
                while at < text.len() && !matches!(text[at], b',' | b'\n' | b'\r') {
                    at += 1;
                }
                if at > stray && fault.is_none() {
                    fault = Some(Fault::Stray { line: self.line, field: fields.len() });
                }
                fields.push(field);
            } else {
                let from = at;
                at += text[at..]
                    .iter()
                    .position(|&byte| ENDS[usize::from(byte)])
                    .unwrap_or(text.len() - at);
                fields.push(Field { start: from, end: at, escaped: false });
            }
            if at < text.len() && text[at] == b',' {
                at += 1;
            } else {
                break;
            }
        }
        let blank = at == start;
        self.at = self.end_of_line(at);
        Some(Record { start, line, blank, fault })
    }

    /// The quoted field that opens at `open`: its content, the position after it, whether it closed.
    fn quoted(&mut self, open: usize) -> (Field, usize, bool) {
        let text = self.text;
        let start = open + 1;
        let mut at = start;
        let mut escaped = false;
        while at < text.len() {
            match text[at] {
                b'"' if text.get(at + 1) == Some(&b'"') => {
                    escaped = true;
                    at += 2;
                }
                b'"' => return (Field { start, end: at, escaped }, at + 1, true),
                b'\n' | b'\r' => at = self.end_of_line(at),
                _ => at += 1,
            }
        }
        (Field { start, end: at.min(text.len()), escaped }, text.len(), false)
    }

    /// Steps over the line end at `at`, if there is one, and counts it.
    fn end_of_line(&mut self, at: usize) -> usize {
        match self.text.get(at) {
            Some(b'\r') if self.text.get(at + 1) == Some(&b'\n') => {
                self.line += 1;
                at + 2
            }
            Some(b'\r' | b'\n') => {
                self.line += 1;
                at + 1
            }
            _ => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<(u32, Vec<String>)> {
        let mut scanner = Scanner::new(text.as_bytes());
        let mut fields = Vec::new();
        let mut all = Vec::new();
        while let Some(record) = scanner.record(&mut fields) {
            let cells = fields.iter().map(|f| text[f.start..f.end].to_owned()).collect();
            all.push((record.line, cells));
        }
        all
    }

    #[test]
    fn lines_are_counted_through_quoted_newlines() {
        let text = "a,b\r\n\"x\ny\",2\n3,4\r5,";
        let expected =
            [(1, vec!["a", "b"]), (2, vec!["x\ny", "2"]), (4, vec!["3", "4"]), (5, vec!["5", ""])];
        let got = records(text);
        assert_eq!(got.len(), expected.len());
        for (g, e) in got.iter().zip(&expected) {
            assert_eq!(
                (g.0, g.1.iter().map(String::as_str).collect::<Vec<_>>()),
                (e.0, e.1.clone())
            );
        }
    }

    #[test]
    fn quoting_faults_are_found() {
        let mut fields = Vec::new();
        let record = Scanner::new(b"a,\"b").record(&mut fields).unwrap();
        assert_eq!(record.fault, Some(Fault::Unclosed { line: 1, field: 1 }));
        let record = Scanner::new(b"\"a\"x,b").record(&mut fields).unwrap();
        assert_eq!(record.fault, Some(Fault::Stray { line: 1, field: 0 }));
        let record = Scanner::new(b"\"a\"\"x\",b").record(&mut fields).unwrap();
        assert_eq!(record.fault, None);
        assert!(fields[0].escaped);
    }
}

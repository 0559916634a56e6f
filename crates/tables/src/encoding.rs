//! Bytes to text: UTF-8 and nothing else, with a guess at what else it may be.

use std::borrow::Cow;

use crate::problem::Problem;

/// The text of a file; a UTF-8 byte order mark is part of the encoding and left out.
pub(crate) fn decode<'a>(path: &str, bytes: Cow<'a, [u8]>) -> Result<Cow<'a, str>, Box<Problem>> {
    let skipped = match check(path, &bytes) {
        Ok(text) => bytes.len() - text.len(),
        Err(problem) => return Err(problem),
    };
    let fault = |_| Box::new(Problem::new("not-utf8", path, "UTF-8 text", "save it as UTF-8"));
    Ok(match bytes {
        Cow::Borrowed(bytes) => {
            Cow::Borrowed(std::str::from_utf8(&bytes[skipped..]).map_err(|_| fault(()))?)
        }
        Cow::Owned(mut bytes) => {
            bytes.drain(..skipped);
            Cow::Owned(String::from_utf8(bytes).map_err(|_| fault(()))?)
        }
    })
}

fn check<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Problem>> {
    let wrong = |line: u32, found: String, likely: &str, iconv: &str| {
        Box::new(
            Problem::new(
                "not-utf8",
                path,
                "UTF-8 text",
                format!(
                    "the file is likely {likely}; convert it, for example: iconv -f {iconv} -t \
                     UTF-8 {path} > fixed.csv"
                ),
            )
            .at(line)
            .value(found),
        )
    };
    for (mark, likely, iconv) in [
        (&[0xFF, 0xFE][..], "UTF-16, little endian", "UTF-16LE"),
        (&[0xFE, 0xFF][..], "UTF-16, big endian", "UTF-16BE"),
    ] {
        if bytes.starts_with(mark) {
            let found = format!("bytes {:02X} {:02X} at offset 0", mark[0], mark[1]);
            return Err(wrong(1, found, likely, iconv));
        }
    }
    let body = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let skipped = bytes.len() - body.len();
    // The search that only answers yes or no goes through many bytes at once.
    if body.contains(&0)
        && let Some(zero) = body.iter().position(|&b| b == 0)
    {
        let (likely, iconv) = if zero % 2 == 1 {
            ("UTF-16 without a byte order mark, little endian", "UTF-16LE")
        } else {
            ("UTF-16 without a byte order mark, big endian, or not text at all", "UTF-16BE")
        };
        let found = format!("byte 00 at offset {}", zero + skipped);
        return Err(wrong(line_of(body, zero), found, likely, iconv));
    }
    std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        let (likely, iconv) = guess(&body[at..]);
        let found = format!("byte {:02X} at offset {}", body[at], at + skipped);
        wrong(line_of(body, at), found, likely, iconv)
    })
}

fn line_of(bytes: &[u8], at: usize) -> u32 {
    1 + bytes[..at].iter().filter(|&&b| b == b'\n').count() as u32
}

/// Letters outside ASCII stand alone in Latin texts and side by side in Cyrillic ones.
fn guess(bytes: &[u8]) -> (&'static str, &'static str) {
    let sample = &bytes[..bytes.len().min(65_536)];
    let words = sample.split(|b| b.is_ascii());
    let (mut cyrillic, mut latin) = (0usize, 0usize);
    for word in words.filter(|word| !word.is_empty()) {
        if word.len() >= 3 {
            cyrillic += 1;
        } else {
            latin += 1;
        }
    }
    if cyrillic > latin {
        ("windows-1251 (Cyrillic)", "WINDOWS-1251")
    } else {
        ("windows-1252 (Western European)", "WINDOWS-1252")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_encodings_are_named() {
        for (bytes, line, found, remedy) in [
            (&b"a\nMalm\xF6\n"[..], 2, "byte F6 at offset 6", "windows-1252"),
            (b"\xCC\xE8\xED\xF1\xEA\n", 1, "byte CC at offset 0", "windows-1251"),
            (b"\xFF\xFEa\0", 1, "bytes FF FE at offset 0", "UTF-16LE"),
            (b"a\0b\0", 1, "byte 00 at offset 1", "UTF-16LE"),
        ] {
            let problem = check("x.csv", bytes).unwrap_err();
            assert_eq!(problem.line, Some(line));
            assert_eq!(problem.value.as_deref(), Some(found));
            assert!(problem.remedy.contains(remedy), "{}", problem.remedy);
        }
        assert_eq!(check("x.csv", b"\xEF\xBB\xBFid").unwrap(), "id");
    }
}

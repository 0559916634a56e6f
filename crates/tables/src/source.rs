//! The bytes of a file, read as far as they are asked for, and their digest.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// Where the bytes of a table are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A file that is opened for every part, so that threads share no position in it.
    File(&'a Path),
    /// Bytes in memory.
    Memory(&'a [u8]),
}

impl<'a> Source<'a> {
    /// Number of bytes.
    pub fn len(&self) -> io::Result<u64> {
        match self {
            Self::File(path) => Ok(std::fs::metadata(path)?.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// The bytes from `start`; an error when there are fewer, before anything is reserved.
    pub fn range(&self, start: u64, length: u64) -> io::Result<Bytes> {
        let end = start.checked_add(length).filter(|&end| self.len().is_ok_and(|all| end <= all));
        let Some(end) = end else {
            let missing =
                format!("{length} bytes at offset {start} lie beyond the end of the file");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, missing));
        };
        match self {
            Self::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(start))?;
                let mut bytes = Vec::with_capacity(length as usize);
                file.take(length).read_to_end(&mut bytes)?;
                if bytes.len() as u64 != length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(bytes.into())
            }
            Self::Memory(bytes) => Ok(Bytes::copy_from_slice(&bytes[start as usize..end as usize])),
        }
    }

    /// The first bytes, fewer when the file is shorter.
    pub fn head(&self, length: u64) -> io::Result<Bytes> {
        self.range(0, length.min(self.len()?))
    }

    /// All bytes.
    pub fn whole(&self) -> io::Result<Cow<'a, [u8]>> {
        match self {
            Self::File(path) => std::fs::read(path).map(Cow::Owned),
            Self::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// What tells these bytes from others.
    pub fn identity(&self) -> Identity {
        match self {
            Self::File(path) => {
                let seen = Stamp::of(path).ok().map(|stamp| (path.to_path_buf(), stamp));
                Identity { seen, digest: OnceLock::new() }
            }
            Self::Memory(bytes) => {
                Identity { seen: None, digest: OnceLock::from(Some(sha256(bytes))) }
            }
        }
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Length and time of the last change: another stamp, another file.
#[derive(Debug, PartialEq)]
struct Stamp(u64, Option<SystemTime>);

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self(metadata.len(), metadata.modified().ok()))
    }
}

/// The digest of a table's bytes; that of a file is computed when first asked for.
#[derive(Debug)]
pub(crate) struct Identity {
    seen: Option<(PathBuf, Stamp)>,
    digest: OnceLock<Option<String>>,
}

impl Identity {
    /// SHA-256 in hexadecimal; None when the file is no longer the one that was read.
    pub fn digest(&self) -> Option<&str> {
        self.digest.get_or_init(|| self.stream().ok().flatten()).as_deref()
    }

    fn stream(&self) -> io::Result<Option<String>> {
        const PART: usize = 1 << 18;
        let Some((path, stamp)) = &self.seen else { return Ok(None) };
        let mut file = File::open(path)?;
        let mut part = vec![0; PART];
        let mut hash = Sha256::new();
        loop {
            match file.read(&mut part)? {
                0 => break,
                n => hash.update(&part[..n]),
            }
        }
        Ok((Stamp::of(path)? == *stamp).then(|| hexadecimal(&hash.finalize())))
    }
}

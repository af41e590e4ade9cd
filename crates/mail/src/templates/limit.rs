//! Rendering with an end: a template cannot fill the memory.

use std::io::{self, Write};

use minijinja::{Environment, Error, ErrorKind, Value};

/// Renders a template, or fails with `WriteFailure` once it is longer than `limit` bytes.
pub(super) fn render_limited(
    engine: &Environment<'static>,
    name: &str,
    values: Value,
    limit: usize,
) -> Result<String, Error> {
    let mut out = Limited { bytes: Vec::with_capacity(16 * 1024), limit };
    engine.get_template(name)?.render_captured_to(values, &mut out)?;
    String::from_utf8(out.bytes)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, "the result is not text"))
}

struct Limited {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Limited {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + buf.len() > self.limit {
            return Err(io::Error::other("too long"));
        }
        self.bytes.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

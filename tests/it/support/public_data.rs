//! Published data, which is not part of the project.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file of the folder of public data, unpacked; none where it isn't, and then the test is skipped and says so.
pub fn public_data(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var("NETTERMS_TEST_DATA").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!(
                "SKIPPED: {} can't be read ({error}); set NETTERMS_TEST_DATA to its folder",
                path.display()
            );
            return None;
        }
    };
    if Path::new(name).extension().is_none_or(|end| end != "gz") {
        return Some(bytes);
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    Some(unpacked)
}

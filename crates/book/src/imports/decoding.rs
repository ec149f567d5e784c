//! Bytes of other encodings as UTF-8, on their way from a file.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_16LE, WINDOWS_1252};

use super::model::Encoding;

/// How many bytes are decoded at once.
const PIECE_BYTES: usize = 16 * 1024;

/// A byte that no UTF-8 has: it stands where a file has what its encoding does not know, so that the line is refused.
const NO_UTF8: u8 = 0xFF;

/// Reads a source as UTF-8. What is UTF-8 already is passed on as it is.
pub struct Utf8<R> {
    source: R,
    decoder: Option<Decoder>,
    /// What was read and is not decoded.
    read: Vec<u8>,
    /// What was decoded and is not passed on, and from where on.
    decoded: Vec<u8>,
    at: usize,
    drained: bool,
}

impl<R: Read> Utf8<R> {
    pub fn new(source: R, encoding: Encoding) -> Utf8<R> {
        let known = match encoding {
            Encoding::Utf8 => None,
            Encoding::Gb18030 => Some(GB18030),
            Encoding::Windows1252 => Some(WINDOWS_1252),
            Encoding::Utf16le => Some(UTF_16LE),
        };
        Utf8 {
            source,
            decoder: known.map(encoding_rs::Encoding::new_decoder_with_bom_removal),
            read: Vec::new(),
            decoded: Vec::new(),
            at: 0,
            drained: false,
        }
    }

    /// Decodes the next piece of the source.
    fn fill(&mut self, decoder: &mut Decoder) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        let count = self.source.read(&mut piece)?;
        self.drained = count == 0;
        self.read
            .extend_from_slice(piece.get(..count).unwrap_or_default());
        self.decoded.clear();
        self.at = 0;
        let mut from = 0;
        loop {
            let rest = self.read.get(from..).unwrap_or_default();
            let most = decoder.max_utf8_buffer_length_without_replacement(rest.len());
            let mut room = vec![0; most.unwrap_or(rest.len().saturating_mul(3))];
            let (result, taken, written) =
                decoder.decode_to_utf8_without_replacement(rest, &mut room, self.drained);
            from += taken;
            self.decoded
                .extend_from_slice(room.get(..written).unwrap_or_default());
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.decoded.push(NO_UTF8),
            }
        }
        self.read.clear();
        Ok(())
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(mut decoder) = self.decoder.take() else {
            return self.source.read(room);
        };
        let mut filled = Ok(());
        while self.at == self.decoded.len() && !self.drained && filled.is_ok() {
            filled = self.fill(&mut decoder);
        }
        self.decoder = Some(decoder);
        filled?;
        let rest = self.decoded.get(self.at..).unwrap_or_default();
        let count = rest.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives a few bytes at a time, as a network does.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(room.len());
            let (now, later) = self.0.split_at(count);
            room[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn read(bytes: &[u8], encoding: Encoding, drop: usize) -> Vec<u8> {
        let mut all = Vec::new();
        Utf8::new(Drops(bytes, drop), encoding)
            .read_to_end(&mut all)
            .unwrap();
        all
    }

    #[test]
    fn the_encodings_of_other_systems_are_read_in_whatever_pieces_they_come() {
        let text = "单据编号,客户\r\nF-1,江南贸易\r\n";
        let (bytes, _, _) = GB18030.encode(text);
        for drop in [1, 2, 3, 7, 1_000] {
            assert_eq!(read(&bytes, Encoding::Gb18030, drop), text.as_bytes());
        }
        let umlauts = b"F\xE4lligkeit;M\xFCller";
        assert_eq!(
            read(umlauts, Encoding::Windows1252, 1),
            "Fälligkeit;Müller".as_bytes()
        );
        let wide = b"\xFF\xFEA\0\xE4\0";
        assert_eq!(read(wide, Encoding::Utf16le, 1), "Aä".as_bytes());
    }

    #[test]
    fn what_an_encoding_does_not_know_is_no_utf8() {
        let found = read(b"a,\x81\x20,b\n", Encoding::Gb18030, 1_000);
        assert!(std::str::from_utf8(&found).is_err());
    }

    proptest! {
        #[test]
        fn utf8_is_passed_on_byte_by_byte(bytes in prop::collection::vec(any::<u8>(), 0..400), drop in 1usize..9) {
            prop_assert_eq!(read(&bytes, Encoding::Utf8, drop), bytes);
        }

        #[test]
        fn what_was_written_in_gb18030_is_read(text in "[ -~一-龥ä\n]{0,80}", drop in 1usize..9) {
            let (bytes, _, _) = GB18030.encode(&text);
            prop_assert_eq!(read(&bytes, Encoding::Gb18030, drop), text.as_bytes());
        }
    }
}

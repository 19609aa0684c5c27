//! Layers decompressed on one thread and read on another.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};

use plimsoll_layer::{LayerError, Limits, decompress};
use plimsoll_oci::Image;

const CHUNK: usize = 256 * 1024;
/// Chunks in flight: bounds what decompression may run ahead by.
const AHEAD: usize = 8;

enum Piece {
    Data(Vec<u8>),
    Failed(io::Error),
    EndOfLayer,
}

/// Two ends: one decompresses layers, the other reads them.
pub(crate) fn pipe() -> (Sender, Pieces) {
    let (send, receive) = sync_channel(AHEAD);
    let (give_back, spare) = channel();
    let pieces = Pieces { receive, give_back, current: Vec::new(), at: 0, ended: false };
    (Sender { send, spare }, pieces)
}

/// The end that decompresses.
pub(crate) struct Sender {
    send: SyncSender<Piece>,
    /// Chunks that were read and can be filled again.
    spare: Receiver<Vec<u8>>,
}

impl Sender {
    /// Sends a whole layer, or why it could not be; `false` if nobody takes it any more.
    pub(crate) fn layer(&mut self, image: &dyn Image, index: usize, limits: &Limits) -> bool {
        let end = match self.decompress(image, index, limits) {
            Ok(true) => Piece::EndOfLayer,
            Ok(false) => return false,
            Err(error) => Piece::Failed(error),
        };
        self.send.send(end).is_ok()
    }

    fn decompress(&mut self, image: &dyn Image, index: usize, limits: &Limits) -> io::Result<bool> {
        let blob = image.open_layer(index).map_err(io::Error::other)?;
        let mut tar = decompress(blob, limits).map_err(LayerError::into_io)?;
        loop {
            let mut chunk = self.spare.try_recv().unwrap_or_default();
            chunk.resize(CHUNK, 0);
            let mut len = 0;
            while len < CHUNK {
                match tar.read(&mut chunk[len..]) {
                    Ok(0) => break,
                    Ok(n) => len += n,
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(e) => return Err(e),
                }
            }
            let last = len < CHUNK;
            chunk.truncate(len);
            if !chunk.is_empty() && self.send.send(Piece::Data(chunk)).is_err() {
                return Ok(false);
            }
            if last {
                return Ok(true);
            }
        }
    }
}

/// The end that reads, one layer after the other.
pub(crate) struct Pieces {
    receive: Receiver<Piece>,
    give_back: std::sync::mpsc::Sender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Pieces {
    /// Goes on with the next layer, once this one was read to its end.
    pub(crate) fn next_layer(&mut self) {
        (self.current, self.at, self.ended) = (Vec::new(), 0, false);
    }
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.current.len() && !self.ended && !buf.is_empty() {
            match self.receive.recv() {
                Ok(Piece::Data(data)) => {
                    let used = std::mem::replace(&mut self.current, data);
                    self.at = 0;
                    // The other end may be done already; then the chunk is simply dropped.
                    let _ = self.give_back.send(used);
                }
                Ok(Piece::EndOfLayer) => self.ended = true,
                Ok(Piece::Failed(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                // The other thread always says how a layer ended, unless it died.
                Err(_) => return Err(io::Error::from(io::ErrorKind::BrokenPipe)),
            }
        }
        let left = &self.current[self.at..];
        let n = left.len().min(buf.len());
        buf[..n].copy_from_slice(&left[..n]);
        self.at += n;
        Ok(n)
    }
}

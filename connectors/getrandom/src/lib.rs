// SPDX-License-Identifier: Apache-2.0

//! Takes the place of the public `getrandom` crate, whose interface it offers as far as `rand_core` uses it.
//!
//! In a guest the bytes come from the host's import `rapidbyte.random`, which draws them from a cryptographically
//! strong source. In native unit tests they come from the operating system.

use std::fmt;
use std::num::NonZeroU32;

/// Why no random bytes could be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(NonZeroU32);

impl Error {
    /// Codes from here on are those of this family of crates, below it those of operating systems.
    pub const INTERNAL_START: u32 = 1 << 31;
    /// Codes from here on are free for implementations such as this one.
    pub const CUSTOM_START: u32 = (1 << 31) + (1 << 30);

    /// The host or the operating system gave no random bytes.
    const REFUSED: Error = match NonZeroU32::new(Error::CUSTOM_START + 1) {
        Some(code) => Error(code),
        None => panic!("the code of an error is not zero"),
    };

    /// The error number of the operating system, when the failure was one of its own.
    pub fn raw_os_error(self) -> Option<i32> {
        i32::try_from(self.0.get()).ok()
    }

    /// The error's number.
    pub const fn code(self) -> NonZeroU32 {
        self.0
    }
}

impl From<NonZeroU32> for Error {
    fn from(code: NonZeroU32) -> Error {
        Error(code)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no random bytes could be had (code {})", self.0)
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> std::io::Error {
        match error.raw_os_error() {
            Some(number) => std::io::Error::from_raw_os_error(number),
            None => std::io::Error::new(std::io::ErrorKind::Other, error),
        }
    }
}

/// Fills `destination` with random bytes.
pub fn getrandom(destination: &mut [u8]) -> Result<(), Error> {
    source::fill(destination)
}

#[cfg(target_arch = "wasm32")]
mod source {
    use super::Error;

    /// The most that the host gives in one call.
    const LARGEST_CALL: usize = 64 * 1024;

    #[link(wasm_import_module = "rapidbyte")]
    extern "C" {
        fn random(ptr: *mut u8, len: usize) -> i32;
    }

    pub fn fill(destination: &mut [u8]) -> Result<(), Error> {
        for piece in destination.chunks_mut(LARGEST_CALL) {
            // SAFETY: the host writes within the range it is given, which is this slice.
            if unsafe { random(piece.as_mut_ptr(), piece.len()) } < 0 {
                return Err(Error::REFUSED);
            }
        }
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod source {
    use super::Error;
    use std::fs::File;
    use std::io::Read;

    pub fn fill(destination: &mut [u8]) -> Result<(), Error> {
        File::open("/dev/urandom")
            .and_then(|mut device| device.read_exact(destination))
            .map_err(|_| Error::REFUSED)
    }
}

#[cfg(test)]
mod tests {
    use super::getrandom;

    #[test]
    fn two_draws_differ() {
        let (mut first, mut second) = ([0u8; 32], [0u8; 32]);
        getrandom(&mut first).unwrap();
        getrandom(&mut second).unwrap();
        assert_ne!(first, second);
    }
}

// SPDX-License-Identifier: Apache-2.0

use rapidbyte_sdk::abi::{self, BatchHeader};
use rapidbyte_sdk::arrow::{Batch, Column, DataType};
use rapidbyte_sdk::{Error, Result, WriteResponse};

/// What was received: counts, and a checksum of the column `id` that does not depend on the order.
#[derive(Default)]
pub struct Tally {
    pub total: WriteResponse,
    /// What of the total the host has been told of.
    reported: WriteResponse,
    checksum: u64,
    reported_checksum: u64,
}

impl Tally {
    /// Adds a batch of which so many records were refused, after looking whether its header tells the truth.
    pub fn add(&mut self, header: &BatchHeader, frame: &[u8], batch: &Batch<'_>, refused: u64) -> Result<()> {
        if header.rows as usize != batch.rows() {
            let message = format!("a header says {} rows, its batch has {}", header.rows, batch.rows());
            return Err(Error::frame(message));
        }
        if let Some(index) = batch.schema().index_of("id") {
            self.add_ids(&batch.columns()[index]);
        }
        self.total.rows += batch.rows() as u64 - refused;
        self.total.refused += refused;
        self.total.bytes += frame.len() as u64;
        self.total.batches += 1;
        Ok(())
    }

    #[inline(never)]
    fn add_ids(&mut self, ids: &Column<'_>) {
        if ids.data_type() == DataType::Int64 {
            let valid = (0..ids.rows()).filter(|row| ids.is_valid(*row));
            self.checksum += valid.map(|row| scatter(ids.i64(row) as u64)).sum::<u64>();
        }
    }

    /// What came since the last call of this method; adds it to the metrics `probe_rows`, `probe_batches` and `probe_checksum`.
    pub fn report(&mut self) -> Result<WriteResponse> {
        let news = WriteResponse {
            rows: self.total.rows - self.reported.rows,
            bytes: self.total.bytes - self.reported.bytes,
            batches: self.total.batches - self.reported.batches,
            refused: self.total.refused - self.reported.refused,
        };
        abi::add_to_counter("probe_rows", news.rows as i64)?;
        abi::add_to_counter("probe_batches", news.batches as i64)?;
        abi::add_to_counter("probe_checksum", (self.checksum - self.reported_checksum) as i64)?;
        self.reported = self.total;
        self.reported_checksum = self.checksum;
        Ok(news)
    }
}

/// What an id adds to the checksum: the lower 32 bits of the finalizer of SplitMix64, few enough that sums do not overflow.
fn scatter(id: u64) -> u64 {
    let mut mixed = id.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ mixed >> 31) & 0xFFFF_FFFF
}

#[cfg(test)]
mod tests {
    use super::scatter;

    /// The same numbers stand in the tests of hosts that compute the checksum for themselves.
    #[test]
    fn the_checksum_is_the_documented_one() {
        assert_eq!(
            [scatter(0), scatter(1), scatter(u64::MAX)],
            [0x7b1d_cdaf, 0x8902_5cc1, 0x1b65_2c20]
        );
    }
}

// SPDX-License-Identifier: Apache-2.0

use rapidbyte_sdk::*;

struct PostgresDestination;

impl Destination for PostgresDestination {
    fn open(_: OpenRequest) -> Result<Self> {
        Ok(PostgresDestination)
    }
    fn check(&mut self, _: CheckRequest) -> Result<CheckResponse> {
        Err(Error::internal("not built yet"))
    }
    fn apply(&mut self, _: ApplyRequest) -> Result<TargetResponse> {
        Err(Error::internal("not built yet"))
    }
    fn write(&mut self, _: WriteRequest) -> Result<WriteResponse> {
        Err(Error::internal("not built yet"))
    }
    fn finalize(&mut self, _: FinalizeRequest) -> Result<TargetResponse> {
        Err(Error::internal("not built yet"))
    }
    fn close(&mut self) -> Result<()> {
        Ok(())
    }
    fn teardown(&mut self, _: TeardownRequest) -> Result<()> {
        Ok(())
    }
}

rapidbyte_sdk::destination!(PostgresDestination, manifest = "../manifest.json");

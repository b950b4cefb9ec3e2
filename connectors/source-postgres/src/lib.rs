// SPDX-License-Identifier: Apache-2.0

use rapidbyte_sdk::*;

struct PostgresSource;

impl Source for PostgresSource {
    fn open(_: OpenRequest) -> Result<Self> {
        Ok(PostgresSource)
    }
    fn check(&mut self, _: CheckRequest) -> Result<CheckResponse> {
        Err(Error::internal("not built yet"))
    }
    fn discover(&mut self, _: DiscoverRequest) -> Result<DiscoverResponse> {
        Err(Error::internal("not built yet"))
    }
    fn plan(&mut self, _: PlanRequest) -> Result<PlanResponse> {
        Err(Error::internal("not built yet"))
    }
    fn read(&mut self, _: ReadRequest) -> Result<ReadResponse> {
        Err(Error::internal("not built yet"))
    }
    fn close(&mut self) -> Result<()> {
        Ok(())
    }
    fn teardown(&mut self, _: TeardownRequest) -> Result<()> {
        Ok(())
    }
}

rapidbyte_sdk::source!(PostgresSource, manifest = "../manifest.json");

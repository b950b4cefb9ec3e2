// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThan;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a destination tells of batches that it has committed; that of Postgres is tested with its ledger. */
class CommittedBatchesTest {
    private static final StreamSpec STREAM = StreamSpec.of("orders");
    private static final InstanceOptions OPTIONS = InstanceOptions.of("run");
    private static final WasmHost HOST = new WasmHost(HostSettings.fromSystem().withCacheDirectory(null));

    private static Optional<CommittedBatches> told(WasmAssembler module) {
        try (DestinationConnector destination = HOST.openDestination(module.module(), "{}", OPTIONS)) {
            return destination.committed(STREAM);
        }
    }

    private static WasmAssembler answering(String response) {
        return WasmAssembler.destination().answer("rb_committed", response);
    }

    @Test
    void aDestinationNeedNotKnow() {
        assertThat(told(WasmAssembler.destination()), is(Optional.empty()));
        assertThat(told(answering("{\"ok\":{}}")), is(Optional.empty()));
        assertThat(told(answering("{\"ok\":{\"batches\":null}}")), is(Optional.empty()));
    }

    @Test
    void batchesAreFound() {
        CommittedBatches none = told(answering("{\"ok\":{\"batches\":[]}}")).orElseThrow();
        CommittedBatches some = told(answering(
                        "{\"ok\":{\"batches\":[[0,0,7],[0,1,4294967295],[9000000000,3,0]],\"ended\":true}}"))
                .orElseThrow();

        assertThat(none.size(), is(0));
        assertThat(none.isEnded(), is(false));
        assertThat(none.find(0, 0), is(lessThan(0)));
        assertThat(some.size(), is(3));
        assertThat(some.isEnded(), is(true));
        assertThat(some.checksum(some.find(0, 0)), is(7));
        assertThat(some.checksum(some.find(0, 1)), is(0xffff_ffff));
        assertThat(some.checksum(some.find(9_000_000_000L, 3)), is(0));
        assertThat(some.unit(2), is(9_000_000_000L));
        assertThat(some.find(0, 2), is(lessThan(0)));
        assertThat(some.find(1, 0), is(lessThan(0)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"ok\":{\"batches\":7}}",
                "{\"ok\":{\"batches\":[7]}}",
                "{\"ok\":{\"batches\":[[0,0]]}}",
                "{\"ok\":{\"batches\":[[0,\"0\",1]]}}",
                "{\"ok\":{\"batches\":[[0,0,0.5]]}}",
                "{\"ok\":{\"batches\":[[-1,0,0]]}}",
                "{\"ok\":{\"batches\":[[0,2147483648,0]]}}",
                "{\"ok\":{\"batches\":[[0,0,4294967296]]}}",
                "{\"ok\":{\"batches\":[[0,1,0],[0,0,0]]}}",
                "{\"ok\":{\"batches\":[[0,0,0],[0,0,0]]}}",
                // The same page again and again.
                "{\"ok\":{\"batches\":[[0,0,0]],\"more\":true}}",
            })
    void anythingElseIsRefused(String response) {
        WasmAssembler module = answering(response);
        Failures.of(Category.INTERNAL, "bad_response", () -> told(module));
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

class WideRowsTest {
    private static final long GIBIBYTE = 1L << 30;

    private static StreamPlan stream(long rows, long bytes) {
        return new StreamPlan(StreamSpec.of("t"), new byte[0], 1, "whole", rows, bytes, "{}");
    }

    @Test
    void rowsOfUsualWidthTakeAllThreads() {
        assertThat(WideRows.most(8, List.of(stream(1_000_000, 100_000_000), stream(-1, -1)), GIBIBYTE), is(8));
    }

    @Test
    void theWidestStreamDecides() {
        List<StreamPlan> streams = List.of(stream(1_000_000, 100_000_000), stream(1000, 50_000_000_000L));
        assertThat(WideRows.most(8, streams, GIBIBYTE), is(2));
        assertThat(WideRows.most(8, streams, 3 * GIBIBYTE), is(8));
        assertThat(WideRows.most(1, streams, GIBIBYTE), is(1));
    }
}

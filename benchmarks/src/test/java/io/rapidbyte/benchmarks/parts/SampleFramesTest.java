// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.parts;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.wasm.ArrowFrames;
import io.rapidbyte.wasm.FrameInfo;
import org.junit.jupiter.api.Test;

class SampleFramesTest {
    @Test
    void theHostAcceptsThem() {
        FrameInfo info = ArrowFrames.inspect(SampleFrames.frame(1_000));
        assertThat(info.rows(), is(1_000));
        assertThat(
                info.schema().columns().stream().map(FrameInfo.Column::type).toList(),
                contains("int64", "int32", "utf8", "decimal128(10,2)", "bool", "utf8", "timestamp(us,UTC)"));
    }

    @Test
    void theyAreTheSameEveryTime() {
        assertThat(SampleFrames.frame(100), is(SampleFrames.frame(100)));
    }
}

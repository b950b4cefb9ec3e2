// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.config.Resources;
import io.rapidbyte.wasm.StreamPlan;
import io.rapidbyte.wasm.StreamSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AutotuneTest {
    private static final long GIBIBYTE = 1L << 30;

    private static StreamPlan plan(long units, long rows, long bytes) {
        return new StreamPlan(StreamSpec.of("orders"), new byte[0], units, "heap_blocks", rows, bytes, "{}");
    }

    private static Resources resources(String yaml) {
        return PipelineFile.parse("tuned.yaml", """
                        version: "1.0"
                        pipeline: tuned
                        source: {use: source-postgres, streams: [{name: orders}]}
                        destination: {use: dest-postgres, write_mode: append}
                        resources: {%s}
                        """.formatted(yaml), Path.of("."), Map.<String, String>of()::get)
                .pipeline()
                .resources();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                                                                          | 8 | 100 | 8 | overlap on 8 processors
                                                                          | 1 | 100 | 2 | overlap on 1 processors
                                                                          | 8 | 3   | 3 | no more than that
                parallelism: 5                                            | 8 | 3   | 5 | the pipeline file says so
                parallelism: 5, autotune: {pin_parallelism: 7}            | 8 | 100 | 5 | the pipeline file says so
                parallelism: auto, autotune: {pin_parallelism: 7}         | 8 | 100 | 7 | pinned
                autotune: {enabled: false}                                | 8 | 1   | 8 | autotune is off
                """)
    void threadsAreAsManyAsAreOfUseUnlessTheFileSaysOtherwise(
            String yaml, int processors, long units, int threads, String reason) {
        Autotune.Tuning tuning = Autotune.of(
                resources(yaml == null ? "" : yaml), null, List.of(plan(units, 1000, 100_000)), processors, GIBIBYTE);

        assertThat(tuning.parallelism(), is(threads));
        assertThat(choice(tuning, "resources.parallelism").value(), is(String.valueOf(threads)));
        assertThat(choice(tuning, "resources.parallelism").reason(), containsString(reason));
    }

    @Test
    void rowsOfFiftyMegabytesAreNotReadByEightThreads() {
        Autotune.Tuning tuning =
                Autotune.of(resources(""), null, List.of(plan(1000, 1000, 1000L * (50 << 20))), 8, GIBIBYTE);

        assertThat(tuning.parallelism(), is(2));
        assertThat(choice(tuning, "resources.parallelism").reason(), containsString("wide"));
    }

    @Test
    void howAStreamIsCutAndWhatIsSentAtOnceIsSaidWithItsReason() {
        Autotune.Tuning tuning = Autotune.of(
                resources("autotune: {pin_copy_flush_bytes: 4mb}"), null, List.of(plan(12, 1000, 98_000)), 2, GIBIBYTE);

        assertThat(choice(tuning, "orders.partitions").value(), is("12 heap blocks"));
        assertThat(choice(tuning, "orders.partitions").reason(), containsString("rows of 98 bytes"));
        assertThat(choice(tuning, "resources.copy_flush_bytes").value(), is("4mb"));
    }

    private static RunSummary.Choice choice(Autotune.Tuning tuning, String name) {
        return tuning.choices().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}

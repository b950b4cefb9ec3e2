// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.testing.TestPipeline;

/** The runners on which every pipeline must give the same result. */
enum TestRunner {
    /** With its checks that elements are not changed and can be encoded, and without fusion. */
    DIRECT(
            "--runner=DirectRunner",
            "--targetParallelism=4",
            "--enforceImmutability=true",
            "--enforceEncodability=true"),

    /** Embedded, with fusion. */
    FLINK("--runner=FlinkRunner", "--flinkMaster=[local]", "--parallelism=2");

    private final List<String> arguments;

    TestRunner(String... arguments) {
        this.arguments = List.of(arguments);
    }

    TestPipeline pipeline(String... more) {
        return pipeline("/flink", more);
    }

    /** Where the runner starts a job that fails again. */
    static TestPipeline restarting(String... more) {
        return FLINK.pipeline("/flink-restarting", more);
    }

    private TestPipeline pipeline(String flinkFolder, String[] more) {
        List<String> all = new ArrayList<>(arguments);
        if (this == FLINK) {
            all.add("--flinkConfDir=" + folder(flinkFolder));
        }
        all.addAll(List.of(more));
        PipelineOptions options = PipelineOptionsFactory.fromArgs(all.toArray(String[]::new))
                .withValidation()
                .create();
        return TestPipeline.fromOptions(options).enableAbandonedNodeEnforcement(false);
    }

    private static Path folder(String name) {
        try {
            return Path.of(TestRunner.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.config.Pipeline;
import io.rapidbyte.pipelines.config.PipelineFile;
import io.rapidbyte.pipelines.config.StreamSection;
import io.rapidbyte.pipelines.state.StateLocation;
import io.rapidbyte.pipelines.state.StateStore;
import io.rapidbyte.pipelines.state.StateStores;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A pipeline and where it remembers. Neither its connectors nor their servers are needed for that.
 *
 * @param pipeline the pipeline
 * @param location where its state is
 */
record PipelineState(Pipeline pipeline, StateLocation location) {
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    static PipelineState of(Path file, CommandContext context) {
        Pipeline pipeline = PipelineFile.read(file, context.environment()).pipeline();
        return new PipelineState(pipeline, StateLocation.of(pipeline.state(), pipeline.file(), pipeline.folder()));
    }

    String name() {
        return pipeline.name();
    }

    /** The streams of the file. */
    List<String> streams() {
        return pipeline.streams().stream().map(StreamSection::name).toList();
    }

    /** The store for people. */
    String storeName() {
        return StateStores.describe(location);
    }

    /** The store, if there is one. */
    Optional<StateStore> open() {
        return StateStores.openExisting(location);
    }

    /** A sentence for when there is none. */
    String nothingYet() {
        return "Pipeline " + name() + " remembers nothing yet: there is no "
                + storeName().replaceFirst("^the ", "") + ". Its first run makes it.";
    }

    /** A time of UTC to the second, or nothing. */
    static String time(Instant time) {
        return time == null ? "" : SECONDS.format(time);
    }
}

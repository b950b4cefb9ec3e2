// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import javax.annotation.Nullable;

/** A file of {@link Iteration}s, one JSON object a line, that only ever grows. */
public final class ResultsFile {
    // Later versions may add members; a reader of older ones passes over what it does not know.
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Path path;

    /** The results in this file, which need not exist yet. */
    public ResultsFile(Path path) {
        this.path = path;
    }

    /** Returns where the file is. */
    public Path path() {
        return path;
    }

    /**
     * Adds a line, creating the file and its folder when they are missing.
     *
     * @throws IOException when it cannot be written
     */
    public void append(Iteration iteration) throws IOException {
        if (path.toAbsolutePath().getParent() != null) {
            Files.createDirectories(path.toAbsolutePath().getParent());
        }
        Files.writeString(
                path,
                MAPPER.writeValueAsString(iteration) + "\n",
                StandardCharsets.UTF_8,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /**
     * Reads all lines, in their order.
     *
     * @throws IOException when the file cannot be read, or a line is no iteration; the message names the line
     */
    public List<Iteration> read() throws IOException {
        List<Iteration> iterations = new ArrayList<>();
        List<String> lines = lines();
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            try {
                Iteration iteration = MAPPER.readValue(lines.get(i), Iteration.class);
                if (iteration == null || !iteration.isWhole()) {
                    throw notAResult(i, "it lacks what every result has", null);
                }
                iterations.add(iteration);
            } catch (JsonProcessingException e) {
                throw notAResult(i, e.getOriginalMessage(), e);
            }
        }
        return iterations;
    }

    private IOException notAResult(int index, String reason, @Nullable Exception cause) {
        return new IOException(
                path + ", line " + (index + 1) + ", is not a result of this harness: " + reason
                        + ". Remove the line, or name another file with --results.",
                cause);
    }

    private List<String> lines() throws IOException {
        try {
            return Files.readAllLines(path, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new IOException(
                    "There is no results file " + path + ". Measure first, or name another file with --results.", e);
        }
    }
}

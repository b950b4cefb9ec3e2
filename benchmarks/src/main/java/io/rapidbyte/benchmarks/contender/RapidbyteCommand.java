// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.contender;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.benchmarks.process.ProcessFigures;
import io.rapidbyte.benchmarks.scenario.Setting;
import io.rapidbyte.benchmarks.scenario.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Rapidbyte as a user starts it: the launcher with a pipeline file, from the start of the process to its exit. */
public final class RapidbyteCommand implements Contender {
    /** The system property that says where the source tree with the launcher is. */
    public static final String TREE_PROPERTY = "rapidbyte.benchmarks.tree";

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long LOOK_MILLIS = 50;

    @Override
    public String name() {
        return "rapidbyte-command";
    }

    @Override
    public String description() {
        return "Rapidbyte, ./rapidbyte run with a pipeline file, the whole process";
    }

    @Override
    public Set<Setting> settings() {
        return EnumSet.complementOf(EnumSet.of(
                Setting.BATCH_ROWS, Setting.FETCH_ROWS, Setting.RESHUFFLE, Setting.CODE, Setting.TCP_BUFFER));
    }

    @Override
    public boolean startsPrograms() {
        return true;
    }

    @Override
    public Outcome copy(TableCopy copy, Settings settings) throws IOException, InterruptedException {
        Path launcher = Path.of(System.getProperty(TREE_PROPERTY, "."), "rapidbyte");
        String runner = settings.text(Setting.RUNNER).orElse("direct");
        Path folder = Files.createTempDirectory("rapidbyte-benchmark-");
        Path file = folder.resolve("benchmark.yaml");
        Path out = folder.resolve("out.json");
        Path errors = folder.resolve("errors.txt");
        try {
            Files.writeString(file, PipelineText.of(copy, settings));
            ProcessBuilder command = new ProcessBuilder(
                            launcher.toString(), "run", file.toString(), "--runner", runner, "--json")
                    .redirectOutput(out.toFile())
                    .redirectError(errors.toFile());
            command.environment().put(PipelineText.PASSWORD_VARIABLE, copy.password());
            String options = Stream.concat(
                            settings.bytes(Setting.HEAP).stream().mapToObj(bytes -> "-Xmx" + bytes),
                            settings.text(Setting.JAVA_OPTIONS).stream())
                    .collect(Collectors.joining(" "));
            if (!options.isEmpty()) {
                command.environment().put("RAPIDBYTE_JAVA_OPTS", options);
            }
            Process process = command.start();
            // The launcher becomes the JVM it starts, so that this is the JVM's; the last look is close to its end.
            long peak = 0;
            while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                peak = Math.max(peak, ProcessFigures.peakRssBytes(process.pid()));
            }
            if (process.exitValue() != 0) {
                throw new IOException("./rapidbyte run ended with " + process.exitValue() + ": "
                        + Files.readString(errors, StandardCharsets.UTF_8).strip());
            }
            return new Outcome(runner, nanos(MAPPER.readTree(out.toFile())), peak);
        } finally {
            for (Path each : new Path[] {file, out, errors, folder}) {
                Files.deleteIfExists(each);
            }
        }
    }

    /**
     * Has the launcher of a source tree build what changed since it did so last; the first copy would otherwise do so and be measured with it.
     *
     * @throws IOException when that fails, with what the launcher wrote
     */
    public static void build(Path tree) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(tree.resolve("rapidbyte").toString(), "--version")
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("./rapidbyte in " + tree + " does not start: " + output.strip());
        }
    }

    private static Map<String, Long> nanos(JsonNode summary) {
        Map<String, Long> nanos = new TreeMap<>();
        summary.path("nanos")
                .fields()
                .forEachRemaining(
                        entry -> nanos.put(entry.getKey(), entry.getValue().asLong()));
        return nanos;
    }
}

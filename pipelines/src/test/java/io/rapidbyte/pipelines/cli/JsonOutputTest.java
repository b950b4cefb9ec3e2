// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.in;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.rapidbyte.beam.io.RapidbyteMetrics;
import io.rapidbyte.beam.io.StreamReport;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.ConnectorException;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The document of {@code --json}, and the page that describes it. */
class JsonOutputTest {
    private static final Path PAGE = Path.of("..", "docs", "json-output.md");
    private static final Pattern MEMBER = Pattern.compile("\\| `(?<path>[^`]+)` \\| (?<type>[a-z ]+) \\|.*");
    private static final Pattern HOST_FUNCTION = Pattern.compile("(source|dest)_host_[a-z_]+_(nanos|count|bytes)");
    private static final Pattern STREAM_METRIC = Pattern.compile("streams\\[]\\.(nanos|counters)\\..*");

    /** The names that section 7 of the design has from the original benchmarks, as far as they are metrics of Rapidbyte. */
    private static final List<String> ORIGINAL_NAMES = List.of(
            "nanos.source_connect_nanos",
            "nanos.source_query_nanos",
            "nanos.source_fetch_nanos",
            "nanos.source_arrow_encode_nanos",
            "counters.emit_count",
            "nanos.emit_nanos",
            "nanos.compress_nanos",
            "nanos.dest_connect_nanos",
            "nanos.dest_flush_nanos",
            "nanos.dest_commit_nanos",
            "nanos.dest_arrow_decode_nanos",
            "nanos.dest_vm_setup_nanos",
            "nanos.dest_recv_wait_nanos",
            "nanos.dest_recv_process_nanos",
            "nanos.decompress_nanos",
            "nanos.module_load_nanos",
            "counters.records_read",
            "counters.records_written",
            "counters.bytes_read",
            "counters.bytes_written",
            "counters.compress_bytes_in",
            "counters.compress_bytes_out",
            "counters.decompress_bytes_in",
            "counters.decompress_bytes_out");

    @TempDir
    Path folder;

    @Test
    void everyMemberOfARunIsOnThePageWithItsType() throws IOException {
        Map<String, Set<String>> page = page();

        assertDescribed(realRun(), page);
        assertDescribed(quickstart(), page);
        assertDescribed(JsonOutput.summary(Summaries.eventful()), page);
        assertDescribed(failure(), page);
        assertDescribed(checks("users"), page);
        assertDescribed(checks("absent"), page);
    }

    @Test
    void everythingOnThePageIsWritten() throws IOException {
        Set<String> written = new TreeSet<>();
        written.addAll(members(realRun()).keySet());
        written.addAll(members(quickstart()).keySet());
        ObjectNode eventful = JsonOutput.summary(Summaries.eventful());
        written.addAll(members(eventful).keySet());
        written.addAll(members(failure()).keySet());
        written.addAll(members(checks("absent")).keySet());
        // What a quick start writes of a table that is not equal: it has no way to make one.
        written.add("streams[].differences[]");

        List<String> missing = page().keySet().stream()
                .filter(path -> !written.contains(path))
                // Of host functions the ones that were called are there, and one of each kind is enough.
                .filter(path -> written.stream().noneMatch(member -> isHostFunction(path, member)))
                .toList();
        assertThat("on the page, but never written", missing, is(empty()));
    }

    @Test
    void everyOriginalNameIsThereWhetherSomethingWasMeasuredOrNot() throws IOException {
        Set<String> members = members(JsonOutput.summary(Summaries.done())).keySet();

        assertThat(ORIGINAL_NAMES, everyItem(is(in(members))));
        assertThat(ORIGINAL_NAMES, everyItem(is(in(members(realRun()).keySet()))));
        assertThat(
                List.of("streams[].worker_skew", "nanos.process_cpu_nanos"),
                everyItem(is(in(members(realRun()).keySet()))));
    }

    @Test
    void everyMetricOfTheRunnerIsAMember() throws IllegalAccessException {
        List<String> names = new ArrayList<>();
        for (Field field : RapidbyteMetrics.class.getDeclaredFields()) {
            if (Modifier.isPublic(field.getModifiers()) && !field.getName().equals("NAMESPACE")) {
                names.add((String) field.get(null));
            }
        }

        assertThat(MetricNames.ALL, containsInAnyOrder(names.toArray()));
    }

    @Test
    void everyTimeHasANameForPeople() {
        List<String> nameless = MetricNames.ALL.stream()
                .filter(name -> name.endsWith("_nanos") && PhaseNames.of(name).equals(name))
                .toList();

        assertThat(nameless, is(empty()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"reading", "writing"})
    void thePartsOfASideAreMembers(String side) {
        StreamReport nothing = new StreamReport("", new TreeMap<>());
        Set<String> parts = (side.equals("reading") ? nothing.read() : nothing.write())
                .phases()
                .keySet();

        assertThat(parts, everyItem(is(in(MetricNames.ALL))));
    }

    @Test
    void whatHappenedToEachStreamIsThere() {
        JsonNode json = JsonOutput.summary(Summaries.eventful());
        JsonNode streams = json.path("streams");

        assertThat(json.path("status").asText(), is("failed"));
        assertThat(json.path("attempts").asInt(), is(8));
        assertThat(json.path("dead_letters").asInt(), is(1200));
        assertThat(json.path("bottleneck").path("kind").asText(), is("unknown"));
        assertThat(json.path("bottleneck").path("sentence").isNull(), is(true));
        assertThat(texts(streams, "status"), contains("done", "done", "failed", "waiting"));
        assertThat(texts(streams, "attempts"), contains("3", "1", "4", "0"));
        assertThat(texts(streams, "resumed"), contains("false", "true", "false", "false"));
        assertThat(streams.get(0).path("error").isNull(), is(true));
        assertThat(
                streams.get(2).path("error").asText(),
                is("dest-postgres refused a row of payments: value too long for type character varying(3)."));
        assertThat(streams.get(0).path("counters").path("dead_letters").asInt(), is(1200));
        assertThat(streams.get(0).path("nanos").path("source_read_nanos").asLong(), is(3_000_000_000L));
        assertThat(streams.get(0).path("read_worker_skew").asDouble(), is(1.2));
        assertThat(streams.get(0).has("worker_skew"), is(false));
        assertThat(json.path("counters").path("crossings").asInt(), is(961));
        assertThat(json.path("choices").get(0).path("value").asText(), is("2"));
    }

    private static void assertDescribed(JsonNode document, Map<String, Set<String>> page) {
        members(document).forEach((path, types) -> {
            String described = page.containsKey(path)
                    ? path
                    : page.keySet().stream()
                            .filter(other -> isHostFunction(other, path))
                            .findFirst()
                            .orElse(null);
            assertThat(path + " is not in docs/json-output.md", described, is(not((String) null)));
            assertThat(
                    path + " is of another type than docs/json-output.md has",
                    types,
                    everyItem(is(in(page.get(described)))));
        });
    }

    /** Whether a path of the page, such as {@code nanos.dest_host_<function>_nanos}, stands for a member. */
    private static boolean isHostFunction(String path, String member) {
        String[] parts = path.split("<function>", -1);
        return parts.length == 2
                && member.startsWith(parts[0])
                && member.endsWith(parts[1])
                && HOST_FUNCTION
                        .matcher(member.substring(member.indexOf('.') + 1))
                        .matches();
    }

    /** The members of the page, with the types that each may have. */
    private static Map<String, Set<String>> page() throws IOException {
        Map<String, Set<String>> members = new LinkedHashMap<>();
        for (String line : Files.readAllLines(PAGE)) {
            Matcher matcher = MEMBER.matcher(line);
            if (matcher.matches()) {
                members.put(matcher.group("path"), Set.of(matcher.group("type").split(" or ")));
            }
        }
        return members;
    }

    /** The members of a document: leaves, and the objects of metrics of a stream, which have the names of those of the run. */
    private static Map<String, Set<String>> members(JsonNode document) {
        Map<String, Set<String>> members = new TreeMap<>();
        collect("", document, members);
        return members;
    }

    private static void collect(String path, JsonNode node, Map<String, Set<String>> members) {
        if (STREAM_METRIC.matcher(path).matches()) {
            return;
        }
        if (node.isObject()) {
            if (path.startsWith("streams[].")) {
                members.computeIfAbsent(path, any -> new TreeSet<>()).add("object");
            }
            node.fields()
                    .forEachRemaining(member -> collect(
                            path.isEmpty() ? member.getKey() : path + "." + member.getKey(),
                            member.getValue(),
                            members));
        } else if (node.isArray()) {
            node.forEach(element -> collect(path + "[]", element, members));
        } else {
            members.computeIfAbsent(path, any -> new TreeSet<>()).add(type(node));
        }
    }

    private static String type(JsonNode node) {
        if (node.isIntegralNumber()) {
            return "integer";
        }
        return switch (node.getNodeType()) {
            case NUMBER -> "number";
            case BOOLEAN -> "boolean";
            case NULL -> "null";
            default -> "string";
        };
    }

    private static List<String> texts(JsonNode nodes, String member) {
        return Stream.iterate(0, i -> i < nodes.size(), i -> i + 1)
                .map(i -> nodes.get(i).path(member).asText())
                .toList();
    }

    private JsonNode realRun() throws IOException {
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = PostgresServer.shared().newSchema()) {
            source.execute("create table numbers as select n as id from generate_series(1, 1000) n");
            CommandLineRun run = CommandLineRun.of(
                    PipelineYaml.ENVIRONMENT,
                    "run",
                    "--json",
                    PipelineYaml.between(source, target, "numbers").writeTo(folder));
            assertThat(run.err(), run.code(), is(0));
            JsonNode json = new ObjectMapper().readTree(run.out());
            assertThat(json.path("counters").path("crossings").asLong(), is(greaterThan(0L)));
            return json;
        }
    }

    /** What {@code check} writes of a stream. */
    private JsonNode checks(String stream) throws IOException {
        try (TestSchema schema = PostgresServer.shared().newSchema()) {
            schema.execute("create table users (id int)");
            CommandLineRun run = CommandLineRun.of(
                    PipelineYaml.ENVIRONMENT,
                    "check",
                    "--json",
                    PipelineYaml.between(schema, schema, stream).writeTo(folder));
            return new ObjectMapper().readTree(run.out());
        }
    }

    @Test
    void aCheckSaysWhatItFoundAndWhatKindOfFailureItIs() throws IOException {
        JsonNode passed = checks("users");
        JsonNode failed = checks("absent");

        assertThat(passed.path("status").asText(), is("ok"));
        assertThat(texts(passed.path("checks"), "ok"), everyItem(is("true")));
        assertThat(texts(passed.path("checks"), "category"), everyItem(is("")));
        assertThat(failed.path("status").asText(), is("failed"));
        assertThat(failed.path("exit_code").asInt(), is(ExitCode.USAGE.code()));
        List<String> categories = texts(failed.path("checks"), "category");
        assertThat(categories.stream().filter(each -> !each.isEmpty()).toList(), contains("config"));
        assertThat(texts(failed.path("checks"), "ok").indexOf("false"), is(categories.indexOf("config")));
    }

    private static JsonNode failure() {
        ConnectorError error = ConnectorError.of(Category.DATA, "value_too_long", "A value is too long.");
        return Failure.of(new ConnectorException("dest-postgres", error)).json();
    }

    private JsonNode quickstart() throws IOException {
        CommandLineRun run = CommandLineRun.of(
                Map.of(),
                "quickstart",
                "--rows",
                "100",
                "--json",
                "--keep-file",
                folder.resolve("q.yaml").toString());
        assertThat(run.err(), run.code(), is(0));
        return new ObjectMapper().readTree(run.out());
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.cli;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsInAnyOrder;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.rapidbyte.benchmarks.contender.PsqlCopyPipe;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The harness from the command line to its results, on few rows. */
class HarnessSmokeTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void whatIsMeasuredIsReportedAndCompared() throws IOException {
        Path file = folder.resolve("results.jsonl");
        String results = file.toString();
        List<String> expected = new ArrayList<>();
        for (int iteration = 1; iteration <= 2; iteration++) {
            expected.addAll(List.of("rapidbyte " + iteration, "pgjdbc-binary " + iteration, "jdbcio " + iteration));
            if (PsqlCopyPipe.isAvailable()) {
                expected.add("psql-binary " + iteration);
            }
        }

        succeeds("run", "smoke", "--rows", "500", "--iterations", "2", "--warmup", "0", "--results", results);

        List<JsonNode> lines = read(file);
        assertThat(
                lines.stream()
                        .map(line -> line.path("label").asText() + " "
                                + line.path("iteration").asInt())
                        .toList(),
                containsInAnyOrder(expected.toArray()));
        lines.forEach(HarnessSmokeTest::checkLine);
        assertThat(out.toString(), allOf(containsString("rows/s"), containsString("pgjdbc-binary")));

        succeeds(
                "run",
                "smoke",
                "--rows",
                "500",
                "--iterations",
                "1",
                "--warmup",
                "0",
                "--only",
                "rapidbyte",
                "--results",
                results);
        assertThat(read(file).size(), is(lines.size() + 1));

        Path page = folder.resolve("report.html");
        succeeds("report", "--results", results, "--out", page.toString());
        assertThat(Files.readString(page), allOf(startsWith("<!DOCTYPE html>"), containsString("jdbcio")));

        // Too few iterations to tell anything, which is no regression.
        succeeds("compare", "--results", results, "--last", "1");
        assertThat(out.toString(), containsString("No regression found"));
    }

    private static void checkLine(JsonNode line) {
        String who = line.path("label").asText();
        boolean own = who.equals("rapidbyte");
        JsonNode environment = line.path("environment");
        for (String member : List.of("commit", "jdk", "cpu", "runner")) {
            assertThat(who + ": " + member, environment.path(member).asText(), is(not("")));
        }
        assertThat(who, environment.path("runner").asText(), is(own || who.startsWith("jdbcio") ? "direct" : "none"));
        assertThat(who, line.path("rows").asLong(), is(500L));
        assertThat(who, line.path("rows_per_second").asDouble(), greaterThan(0.0));
        JsonNode figures = line.path("figures");
        if (!who.startsWith("psql") && OS.LINUX.isCurrentOs()) {
            assertThat(who, figures.path("peak_rss_bytes").asLong(), greaterThan(1L << 20));
        }
        if (own) {
            List<String> phases = new ArrayList<>();
            figures.path("phases").fieldNames().forEachRemaining(phases::add);
            assertThat(
                    phases,
                    hasItems(
                            "module_load",
                            "source_decode",
                            "source_query",
                            "dest_connect",
                            "dest_flush",
                            "dest_commit"));
            assertThat(figures.path("crossings").asLong(), greaterThan(0L));
        }
    }

    @Test
    @EnabledOnOs(
            value = OS.LINUX,
            architectures = {"amd64", "aarch64"})
    void aProfileShowsTheFunctionsOfTheGuests() throws IOException {
        Path page = folder.resolve("profile.html");

        succeeds(
                "profile",
                "smoke",
                "--only",
                "rapidbyte",
                "--rows",
                "20000",
                "--iterations",
                "2",
                "--warmup",
                "0",
                "--out",
                page.toString());

        // In the page a name has only what distinguishes it from the one before.
        assertThat(Files.readString(page), containsString("dest_postgres::"));
        assertThat(Files.readString(folder.resolve("profile.txt")), containsString("source_postgres::decode"));
        assertThat(Files.readString(folder.resolve("profile.md")), containsString("%"));
    }

    @Test
    void aContenderThatStartsProgramsIsNotProfiled() {
        assertThat(run("profile", "smoke", "--only", "psql-binary"), is(2));
        assertThat(err.toString(), startsWith("The contender psql-binary starts programs of its own"));
    }

    private void succeeds(String... arguments) {
        int code = run(arguments);
        assertThat(err.toString(), code, is(0));
    }

    private int run(String... arguments) {
        return Benchmarks.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    private static List<JsonNode> read(Path file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(MAPPER.readTree(line));
        }
        return lines;
    }
}

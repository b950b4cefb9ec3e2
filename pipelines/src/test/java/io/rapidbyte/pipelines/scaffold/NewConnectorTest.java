// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.scaffold;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * Follows docs/writing-a-connector.md to the letter: every command in it is run. It needs the guests' tool chain, which a JDK does not bring:
 * the gate asks for it.
 */
@EnabledIfEnvironmentVariable(
        named = "RAPIDBYTE_NATIVE_TESTS",
        matches = "true",
        disabledReason =
                "Building a new connector needs the Rust tool chain that connectors/build.sh names; the gate sets this variable.")
class NewConnectorTest {
    private static final Path DOCUMENT = Path.of("../docs/writing-a-connector.md");
    private static final Pattern COMMANDS = Pattern.compile("^```sh\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    @TempDir
    Path folder;

    @Test
    void everyCommandOfTheDocumentDoesWhatItSays() throws IOException, InterruptedException {
        try (TestSchema source = PostgresServer.shared().newSchema();
                TestSchema target = PostgresServer.shared().newSchema()) {
            source.execute("CREATE TABLE orders AS SELECT i AS id, 'row ' || i AS what FROM generate_series(1, 50) i");

            List<String> output = runDocument(source, target);

            assertThat(
                    target.query("SELECT count(*), min(number), max(number) FROM numbers"),
                    is(List.of("10000|0|9999")));
            assertThat(
                    output,
                    hasItems(
                            containsString("source-numbers 0.1.0: 17 contracts kept, 0 broken"),
                            containsString("dest-lines 0.1.0: 11 contracts kept, 0 broken"),
                            containsString("orders: 1 | row 1")));
            assertThat("what the document shows", output, hasItem(containsString("BROKEN  limits")));
        }
    }

    /** Runs all commands of the document in one shell, with this build as the command {@code rapidbyte}. */
    private List<String> runDocument(TestSchema source, TestSchema target) throws IOException, InterruptedException {
        Path log = Path.of("target", "writing-a-connector.log");
        Path script = Files.writeString(
                folder.resolve("document.sh"),
                "set -euo pipefail\nrapidbyte() { \"$JAVA\" -XX:TieredStopAtLevel=1 io.rapidbyte.pipelines.Main \"$@\"; }\n"
                        + String.join(
                                "",
                                COMMANDS.matcher(Files.readString(DOCUMENT))
                                        .results()
                                        .map((MatchResult match) -> match.group(1))
                                        .toList()));
        ProcessBuilder shell = new ProcessBuilder("bash", "-x", script.toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        Map<String, String> environment = shell.environment();
        environment.put(
                "JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
        environment.put("CLASSPATH", System.getProperty("java.class.path"));
        // Both connectors share what they are built from.
        environment.put(
                "CARGO_TARGET_DIR",
                Path.of("target", "new-connector").toAbsolutePath().toString());
        addServer(environment, "SOURCE", source);
        addServer(environment, "TARGET", target);
        assertThat(
                "exit code of the commands of " + DOCUMENT + ", whose output is in " + log.toAbsolutePath(),
                shell.start().waitFor(),
                is(0));
        return Files.readAllLines(log);
    }

    private static void addServer(Map<String, String> environment, String prefix, TestSchema schema) {
        schema.config()
                .forEach((member, value) ->
                        environment.put(prefix + "_" + member.toUpperCase(Locale.ROOT), value.toString()));
    }
}

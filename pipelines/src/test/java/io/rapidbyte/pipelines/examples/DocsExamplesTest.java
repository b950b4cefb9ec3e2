// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.examples;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.pipelines.cli.CommandLineRun;
import io.rapidbyte.pipelines.examples.DocumentPage.Block;
import io.rapidbyte.pipelines.state.StateDatabase;
import io.rapidbyte.testing.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Does what the pages for tasks say, in the order of each page: runs its statements, writes its pipeline files, gives its commands, and compares
 * what they print with what the page says that they do.
 */
class DocsExamplesTest {
    private static final Path DOCS = Path.of("../docs");
    private static final String COMMAND = "./rapidbyte ";
    private static final Pattern EXIT_CODE = Pattern.compile("# exit code (\\d+)");

    @TempDir
    private Path folder;

    private StateDatabase database;
    private Map<String, String> environment;

    @ParameterizedTest
    @ValueSource(strings = {"first-pipeline", "incremental", "upsert", "flink", "tuning"})
    void thePageIsTrue(String name) throws IOException, SQLException {
        DocumentPage page = DocumentPage.read(DOCS.resolve(name + ".md"));
        int commands = 0;
        try (StateDatabase ofPage = StateDatabase.create()) {
            database = ofPage;
            environment = environment();
            String output = "";
            for (Block block : page.blocks()) {
                String where = page.path() + ", line " + block.line();
                switch (block.language()) {
                    case "sql" -> output = sql(block.text());
                    case "yaml" -> write(block, where);
                    case "sh" -> {
                        List<String> lines = block.text()
                                .lines()
                                .filter(line -> line.startsWith(COMMAND))
                                .toList();
                        commands += lines.size();
                        output = lines.isEmpty() ? output : commands(lines, where);
                    }
                    case "text" -> assertPrinted(block.text(), output, where);
                    default -> {
                        // Java is compiled, and all else is for the eye.
                    }
                }
            }
        }
        assertThat("commands of " + page.path(), commands, is(greaterThan(0)));
    }

    @Test
    void theJavaOfTheFirstPageIsTheOneThatIsCompiled() throws IOException {
        String source = Files.readString(
                Path.of("src/main/java", FirstPipeline.class.getName().replace('.', '/') + ".java"));
        String method =
                source.substring(source.indexOf("    static void copy("), source.indexOf("    private static Map"));

        assertThat(
                Files.readString(DOCS.resolve("first-pipeline.md")),
                containsString("```java\n" + method.stripTrailing().stripIndent() + "\n```\n"));
    }

    private Map<String, String> environment() {
        PostgresServer server = PostgresServer.shared();
        return Map.of(
                "PGHOST", server.host(),
                "PGPORT", String.valueOf(server.port()),
                "PGUSER", PostgresServer.USER,
                "PGPASSWORD", PostgresServer.PASSWORD,
                "PGDATABASE", database.name(),
                "STATE_URL", database.url(PostgresServer.USER, PostgresServer.PASSWORD));
    }

    private void write(Block block, String where) throws IOException {
        if (block.text().startsWith("version:")) {
            assertThat(where + ": no name of a pipeline file stands before it", block.file() != null, is(true));
            Files.writeString(folder.resolve(block.file()), block.text());
        }
    }

    /** Gives the commands; returns what they print. */
    private String commands(List<String> lines, String where) {
        StringBuilder output = new StringBuilder();
        for (String line : lines) {
            Matcher code = EXIT_CODE.matcher(line);
            int expected = code.find() ? Integer.parseInt(code.group(1)) : 0;
            String[] arguments = line.substring(COMMAND.length())
                    .replaceAll("#.*", "")
                    .strip()
                    .replaceAll("\\S+\\.yaml", Matcher.quoteReplacement(folder + "/") + "$0")
                    .split(" +");
            CommandLineRun run = CommandLineRun.of(environment, arguments);
            assertThat(where + ": " + line + "\n" + run.out() + run.err(), run.code(), is(expected));
            output.append(run.err()).append(run.out());
        }
        return output.toString().replace(folder + "/", "");
    }

    /** Runs statements; returns the rows of the last one as psql shows them. */
    private String sql(String statements) throws SQLException {
        PostgresServer server = PostgresServer.shared();
        List<String> lines = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + server.host() + ":" + server.port() + "/" + database.name(),
                        PostgresServer.USER,
                        PostgresServer.PASSWORD);
                Statement statement = connection.createStatement()) {
            if (statement.execute(statements)) {
                try (ResultSet rows = statement.getResultSet()) {
                    List<String> cells = new ArrayList<>();
                    int columns = rows.getMetaData().getColumnCount();
                    for (int column = 1; column <= columns; column++) {
                        cells.add(rows.getMetaData().getColumnLabel(column));
                    }
                    lines.add(String.join(" | ", cells));
                    while (rows.next()) {
                        cells.clear();
                        for (int column = 1; column <= columns; column++) {
                            cells.add(String.valueOf(rows.getString(column)));
                        }
                        lines.add(String.join(" | ", cells));
                    }
                }
            }
        }
        return String.join("\n", lines);
    }

    /** Every line of the page is among those that were printed, in this order. */
    private static void assertPrinted(String expected, String output, String where) {
        Iterator<String> printed = output.lines().iterator();
        for (String line :
                expected.lines().filter(line -> !line.matches("[-+\\s]*")).toList()) {
            Pattern pattern = pattern(line);
            boolean found = false;
            while (!found && printed.hasNext()) {
                found = pattern.matcher(printed.next()).matches();
            }
            assertThat(
                    where + ": '" + line + "' is not printed, or not behind the line before it. Printed was:\n"
                            + output,
                    found,
                    is(true));
        }
    }

    /** Of a line, whatever stands for a {@code …}; and however long it took: a number with a fraction and those behind it are of one run alone. */
    private static Pattern pattern(String line) {
        List<String> words = new ArrayList<>();
        boolean measured = false;
        for (String word : line.strip().split("\\s+")) {
            measured |= word.matches("[0-9,]+\\.[0-9]+");
            if (word.equals("…")) {
                words.add(".*");
            } else if (measured && word.matches("[0-9,.]+|-|%")) {
                words.add("\\S+");
            } else {
                words.add(Pattern.quote(word));
            }
        }
        return Pattern.compile("\\s*" + String.join("\\s+", words) + "\\s*");
    }
}

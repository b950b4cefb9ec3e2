// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.beam.io.postgres;

import static io.rapidbyte.testing.TableComparison.differences;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;

import io.rapidbyte.beam.io.postgres.PostgresCopy.Runner;
import io.rapidbyte.testing.PostgresServer;
import io.rapidbyte.testing.TestSchema;
import io.rapidbyte.wasm.DiscoveredStream;
import io.rapidbyte.wasm.SourceConnector;
import io.rapidbyte.wasm.WriteMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@code docs/types.md} says of types is so. */
class TypesDocumentTest {
    private static final Path DOCUMENT = Path.of("../docs/types.md");

    private static final Pattern ROW = Pattern.compile("\\| `([^|]+)` \\| `([^|]+)` \\| `([^|]+)` \\|");

    private TestSchema source;
    private TestSchema target;
    private List<TypeRow> rows;

    @BeforeEach
    void createTypes() throws IOException {
        source = PostgresServer.shared().newSchema();
        target = PostgresServer.shared().newSchema();
        String document = Files.readString(DOCUMENT);
        rows = ROW.matcher(document).results().map(TypeRow::of).toList();
        source.execute(document.split("```sql\n")[1].split("```")[0].strip().split(";\\s*"));
        String columns = rows.stream().map(TypeRow::definition).collect(Collectors.joining(", "));
        String values = rows.stream()
                .map(row -> "'" + row.example.replace("'", "''") + "'")
                .collect(Collectors.joining(", "));
        source.execute("CREATE TABLE every_type (" + columns + ")");
        source.execute("INSERT INTO every_type VALUES (" + values + ")");
        source.execute("INSERT INTO every_type SELECT FROM generate_series(1, 3)");
    }

    @AfterEach
    void dropSchemas() {
        target.close();
        source.close();
    }

    @Test
    void everyTypeBecomesTheArrowTypeThatIsWrittenDown() {
        try (SourceConnector connector = PostgresCopy.openSource(source.config())) {
            DiscoveredStream stream = connector.discover(List.of("every_type")).get(0);
            Map<String, String> expected = new LinkedHashMap<>();
            Map<String, String> actual = new LinkedHashMap<>();
            for (int i = 0; i < rows.size(); i++) {
                expected.put(rows.get(i).postgres, rows.get(i).arrow);
                actual.put(rows.get(i).postgres, stream.fields().get(i).type());
            }
            assertThat(actual, equalTo(expected));
        }
    }

    @ParameterizedTest
    @EnumSource(Runner.class)
    void aTableOfAllOfThemArrivesEqual(Runner runner) {
        assertThat(rows.size(), greaterThanOrEqualTo(60));
        PostgresCopy.copy(runner, source, target, WriteMode.APPEND, "every_type");
        assertThat(differences(source, "every_type", target, "every_type"), empty());
    }

    private record TypeRow(String postgres, String arrow, String example) {
        static TypeRow of(MatchResult row) {
            return new TypeRow(row.group(1), row.group(2), row.group(3));
        }

        String definition() {
            return TestSchema.quote(postgres) + " " + postgres;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The tables that are copied. The server makes the rows itself, and makes the same ones every time. */
public enum TableProfile {
    /** Seven columns, about 98 bytes a row. */
    @JsonProperty("small")
    SMALL,
    /** Twelve columns, about 1.6 KB a row, nothing out of line. */
    @JsonProperty("medium")
    MEDIUM,
    /**
     * A document of 64 KB a row, out of line. Source and target store it uncompressed, or the server's compression would be what is
     * measured.
     */
    @JsonProperty("large")
    LARGE,
    /** A document of 50 MiB a row, which the server stores compressed: a table of a thousand would not fit onto small machines twice. */
    @JsonProperty("huge")
    HUGE;

    /** The column that identifies a row, in all profiles. */
    public static final String KEY = "id";

    /** The name in scenarios and results. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The table's name: one for all profiles, as there is one at a time. */
    public static String table() {
        return "bench_events";
    }

    /** The statements that create and fill the table in the first schema of the search path. */
    public List<String> statements(long rows) {
        return Arrays.stream(script().replace(":rows", Long.toString(rows)).split(";\\s*\\n"))
                .filter(statement -> !statement.isBlank())
                .toList();
    }

    private String script() {
        try (InputStream in = TableProfile.class.getResourceAsStream(key() + ".sql")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("the script of the profile " + key() + " is missing from this build", e);
        }
    }
}

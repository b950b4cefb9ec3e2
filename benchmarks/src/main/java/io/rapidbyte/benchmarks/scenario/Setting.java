// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.scenario;

import io.rapidbyte.pipelines.config.ByteSize;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What of a contender can be varied: the dimensions of the matrix. A new one is a constant here, its name in {@code
 * Contender.settings()} of those who know it, and its use there.
 */
public enum Setting {
    /** Beam's runner. */
    RUNNER("direct or flink", oneOf("direct", "flink")),
    /** Threads that copy side by side; what is split is the contender's choice. */
    PARTITIONS("a number above zero", Setting::isCount),
    /** What becomes of the target's old rows. */
    WRITE_MODE("append, replace or upsert", oneOf("append", "replace", "upsert")),
    /** What the target is before the copy: empty, empty with the source's primary key, or with that and all rows of the source. An upsert needs the key. */
    TARGET("plain, keyed or filled", oneOf("plain", "keyed", "filled")),
    /** How rows get into a table. */
    LOAD_METHOD("copy or insert", oneOf("copy", "insert")),
    /** Whether the batches that are written are remembered in a ledger. */
    EXACTLY_ONCE("true or false", oneOf("true", "false")),
    /** Bytes after which the destination commits in the midst of a bundle. */
    CHECKPOINT_BYTES("a size such as 64mb", Setting::isSize),
    /** Compression of batches where they leave the process or stage. */
    COMPRESSION("none, lz4 or zstd", oneOf("none", "lz4", "zstd")),
    /** Whether a Reshuffle stands between reading and writing, so that batches are encoded. */
    RESHUFFLE("true or false", oneOf("true", "false")),
    /** Most bytes of a batch. */
    BATCH_BYTES("a size such as 1mb", Setting::isSize),
    /** Bytes after which the destination sends what it encoded. */
    FLUSH_BYTES("a size such as 1mb", Setting::isSize),
    /** Batches that wait for the destination at most. */
    INFLIGHT_BATCHES("a number above zero", Setting::isCount),
    /** Most bytes that one socket read or write of a guest moves. */
    TCP_BUFFER("a size such as 256kb", Setting::isSize),
    /** Where the guests' code comes from. */
    CODE(
            "bundled, cache_cold, cache_warm, compiled or interpreted",
            oneOf("bundled", "cache_cold", "cache_warm", "compiled", "interpreted")),
    /** Whether connections are encrypted, as libpq has it. */
    SSLMODE("disable, prefer or require", oneOf("disable", "prefer", "require")),
    /** Rows of one INSERT. */
    BATCH_ROWS("a number above zero", Setting::isCount),
    /** Rows that the driver fetches at a time. */
    FETCH_ROWS("a number above zero", Setting::isCount),
    /** Most heap of the contender's JVM; a quarter of the machine's memory when not given, as Java has it. */
    HEAP("a size such as 1gb", Setting::isSize),
    /** More options for the contender's JVM. */
    JAVA_OPTIONS("options of Java, each beginning with -, and spaces between them", Setting::areOptions);

    private final String expected;
    private final Predicate<String> valid;

    Setting(String expected, Predicate<String> valid) {
        this.expected = expected;
        this.valid = valid;
    }

    /** The name in scenarios and results. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The setting of this name. */
    public static Optional<Setting> named(String key) {
        return Arrays.stream(values())
                .filter(setting -> setting.key().equals(key))
                .findFirst();
    }

    /**
     * Checks a value.
     *
     * @throws IllegalArgumentException with a sentence that names the setting and what it expects
     */
    public void check(String value) {
        if (!valid.test(value)) {
            throw new IllegalArgumentException(
                    "The setting " + key() + " is '" + value + "'; expected " + expected + ".");
        }
    }

    private static Predicate<String> oneOf(String... values) {
        return Arrays.asList(values)::contains;
    }

    private static boolean isCount(String value) {
        return value.matches("[1-9][0-9]{0,8}");
    }

    private static boolean areOptions(String value) {
        return value.matches("-\\S+( -\\S+)*");
    }

    private static boolean isSize(String value) {
        try {
            return ByteSize.parse(value).bytes() > 0;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}

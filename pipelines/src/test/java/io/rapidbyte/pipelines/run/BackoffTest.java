// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.greaterThan;
import static org.hamcrest.Matchers.greaterThanOrEqualTo;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import io.rapidbyte.wasm.Category;
import io.rapidbyte.wasm.CommitState;
import io.rapidbyte.wasm.ConnectorError;
import io.rapidbyte.wasm.Scope;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackoffTest {
    private static ConnectorError error(String backoffClass, Long retryAfterMs) {
        return new ConnectorError(
                Category.TRANSIENT_DB,
                Scope.STREAM,
                "57P01",
                "The server is shutting down.",
                "",
                true,
                retryAfterMs,
                backoffClass,
                true,
                CommitState.BEFORE_COMMIT,
                Map.of());
    }

    @ParameterizedTest
    @CsvSource({
        "normal, 1, 1000",
        "normal, 2, 2000",
        "normal, 4, 8000",
        "normal, 100, 60000",
        "fast, 1, 200",
        "slow, 1, 5000",
        "slow, 5, 60000"
    })
    void waitsDoubleUpToTheLongestAndAreShortenedByChanceUpToAHalf(String backoffClass, int failures, long millis) {
        assertThat(
                Backoff.USUAL.after(failures, error(backoffClass, null)).toMillis(),
                allOf(greaterThanOrEqualTo(millis / 2), lessThanOrEqualTo(millis)));
    }

    @Test
    void thoseWhoFailedTogetherDoNotComeBackTogether() {
        assertThat(
                Stream.generate(() -> Backoff.USUAL.after(3, error("normal", null)))
                        .limit(50)
                        .collect(Collectors.toSet()),
                hasSize(greaterThan(10)));
    }

    @Test
    void whatTheErrorAsksForIsTheLeast() {
        assertThat(Backoff.USUAL.after(1, error("fast", 120_000L)), is(Duration.ofMinutes(2)));
    }
}

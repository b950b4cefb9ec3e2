// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.wasm.ConnectorError;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/**
 * How long to wait before something that failed is tried again: twice as long each time, and by chance up to a half less, so that those who
 * failed together do not come back together. What the error record asks for is the least.
 *
 * @param unit the first wait after an error of the class {@code normal}; those that are {@code fast} wait a fifth of it, those that are {@code slow} five
 *     times as long
 * @param longest no wait but one that the error record asks for is longer
 */
public record Backoff(Duration unit, Duration longest) {
    /** From one second up to one minute. */
    public static final Backoff USUAL = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));

    /** Enough for any attempt: beyond, the longest wait holds. */
    private static final int MOST_DOUBLINGS = 30;

    /**
     * Returns the wait.
     *
     * @param failures how often it has failed, at least 1
     */
    public Duration after(int failures, ConnectorError error) {
        double first = switch (error.backoffClass()) {
            case "fast" -> unit.toMillis() / 5.0;
            case "slow" -> unit.toMillis() * 5.0;
            default -> unit.toMillis();
        };
        long millis = millis(failures, first);
        return Duration.ofMillis(error.retryAfterMs() == null ? millis : Math.max(millis, error.retryAfterMs()));
    }

    /** Returns the waits after so many failures of the class {@code normal}, one after the other. */
    List<Duration> waits(int failures) {
        return IntStream.rangeClosed(1, failures)
                .mapToObj(each -> Duration.ofMillis(millis(each, unit.toMillis())))
                .toList();
    }

    private long millis(int failures, double first) {
        double most = Math.min(longest.toMillis(), first * Math.pow(2, Math.min(failures - 1, MOST_DOUBLINGS)));
        return Math.round(most * (1 - ThreadLocalRandom.current().nextDouble() / 2));
    }
}

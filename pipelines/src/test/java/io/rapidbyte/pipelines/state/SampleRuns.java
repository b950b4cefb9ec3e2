// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.state;

import java.time.Instant;

/** Records as an engine writes them. */
public final class SampleRuns {
    /** When they begin: to the microsecond, which is what stores keep. */
    public static final Instant STARTED = Instant.parse("2026-07-25T23:59:59.123456Z");

    private SampleRuns() {}

    /** A run that begins. */
    public static RunRecord run(String pipeline, String runId) {
        return new RunRecord(runId, pipeline, RunStatus.RUNNING, "direct", STARTED, null, null, null);
    }

    /** The run at its end. */
    public static RunRecord ended(String pipeline, String runId, RunStatus status) {
        return new RunRecord(runId, pipeline, status, "direct", STARTED, STARTED.plusSeconds(60), null, null);
    }

    /** A stream that is planned. */
    public static StreamRun begun(String runId, String stream) {
        return stream(runId, stream, StreamStatus.BEGUN);
    }

    /** A stream of some status. */
    public static StreamRun stream(String runId, String stream, StreamStatus status) {
        return new StreamRun(
                runId, stream, status, runId, "f1", "append", "{\"units\":[1,2]}", 0, 0, 0, 0, 0, 0, null, null);
    }

    /** A stream that is complete and ends at a value of {@code updated_at}. */
    public static CompletedStream completed(String stream, long rows, String value) {
        return new CompletedStream(stream, rows, 2, 1000, position(value), "updated_at", route("shop"));
    }

    /** Where rows come from and go to. */
    public static String route(String database) {
        return "{\"source.config.database\":\"" + database + "\"}";
    }

    /** A position as source-postgres writes it. */
    public static String position(String value) {
        return "{\"connector\":\"source-postgres\",\"version\":1,\"namespace\":\"public\",\"table\":\"orders\",\"cursor\":"
                + "{\"column\":\"updated_at\",\"type\":\"timestamptz\",\"value\":\"" + value + "\"}}";
    }

    /** A dead letter. */
    public static StoredDeadLetter letter(String runId, String stream, int number) {
        return new StoredDeadLetter(
                runId,
                stream,
                "dest-postgres/0/" + number,
                "data",
                "22003",
                "number " + number + " is out of range",
                "{\"id\":" + number + "}",
                STARTED.plusSeconds(number));
    }
}

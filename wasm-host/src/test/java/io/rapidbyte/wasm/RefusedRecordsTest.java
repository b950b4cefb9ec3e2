// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rapidbyte.wasm.SchemaEvolution.NewColumn;
import io.rapidbyte.wasm.SchemaEvolution.NullabilityChange;
import io.rapidbyte.wasm.SchemaEvolution.RemovedColumn;
import io.rapidbyte.wasm.SchemaEvolution.TypeChange;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a destination is told of bad records and of drift, and what it answers. */
class RefusedRecordsTest {
    /** Ten rows in each of four batches, whose ids are 0 to 39. */
    private static final String SOURCE = "{'units': 4, 'rows_per_batch': 10}";

    private static final String REFUSES = "{'refuse_every': 15}";

    private static List<Frame> frames;
    private static StreamPlan plan;

    @BeforeAll
    static void readOnce() {
        frames = Probes.frames(SOURCE);
        try (SourceConnector source = Probes.source(SOURCE)) {
            plan = source.plan(Probes.STREAM);
        }
    }

    @Test
    void aRequestSaysWhatBecomesOfBadRecordsAndOfDrift() {
        WriteRequest request = new WriteRequest(
                "run-1",
                plan.stream(),
                plan.schema(),
                WriteMode.UPSERT,
                List.of("id"),
                RecordPolicy.DLQ,
                new SchemaEvolution(NewColumn.IGNORE, RemovedColumn.FAIL, TypeChange.NULL, NullabilityChange.FAIL),
                Map.of());

        assertThat(Payloads.writeRequest(request).path("on_data_error").asText(), is("dlq"));
        assertThat(
                Payloads.writeRequest(request).path("schema_evolution").toString(),
                is("{\"new_column\":\"ignore\",\"removed_column\":\"fail\",\"type_change\":\"null\","
                        + "\"nullability_change\":\"fail\"}"));
        assertThat(
                Payloads.writeRequest(Probes.writeRequest(plan))
                        .path("on_data_error")
                        .asText(),
                is("fail"));
        assertThat(
                Payloads.writeRequest(Probes.writeRequest(plan))
                        .path("schema_evolution")
                        .toString(),
                is("{\"new_column\":\"add\",\"removed_column\":\"ignore\",\"type_change\":\"fail\","
                        + "\"nullability_change\":\"allow\"}"));
    }

    @Test
    void skippedRecordsAreCountedByTheCallAndByEachCheckpoint() {
        List<WriteResult> commits = new ArrayList<>();
        try (DestinationConnector destination = Probes.destination(REFUSES)) {
            WriteResult result = destination.write(request(RecordPolicy.SKIP), new Probes.Feed(frames) {
                @Override
                public boolean checkpointDue() {
                    return frames.size() == 1;
                }

                @Override
                public void committed(WriteResult since) {
                    commits.add(since);
                }
            });

            assertThat(result.rows(), is(37L));
            assertThat(result.refused(), is(3L));
            assertThat(commits, hasSize(1));
            assertThat(commits.get(0).rows(), is(28L));
            assertThat(commits.get(0).refused(), is(2L));
            assertThat(commits.get(0).batches(), is(3L));
        }
    }

    @Test
    void deadLettersArriveWithTheRecordAndTheReason() {
        List<String> letters = new ArrayList<>();
        try (DestinationConnector destination = Probes.destination(REFUSES)) {
            destination.write(request(RecordPolicy.DLQ), new Probes.Feed(frames) {
                @Override
                public boolean deadLetter(String json) {
                    return letters.add(json);
                }
            });
        }

        assertThat(
                letters,
                contains(
                        containsString("\"record\":{\"id\":0}"),
                        containsString("\"record\":{\"id\":15}"),
                        containsString("\"record\":{\"id\":30}")));
        assertThat(letters.get(0), containsString("\"code\":\"23514\""));
    }

    @Test
    void aPolicyThatMakesLettersNeedsAFeedThatTakesThem() {
        try (DestinationConnector destination = Probes.destination(REFUSES)) {
            Failures.of(
                    Category.CONFIG,
                    "no_dead_letters",
                    () -> destination.write(request(RecordPolicy.DLQ), new Probes.Feed(frames)));
        }
    }

    @Test
    void aBadRecordFailsTheCallWhenNothingElseIsAskedFor() {
        try (DestinationConnector destination = Probes.destination(REFUSES)) {
            ConnectorException failure = Failures.of(
                    Category.DATA,
                    "23514",
                    () -> destination.write(request(RecordPolicy.FAIL), new Probes.Feed(frames)));
            assertThat(failure.error().scope(), is(Scope.RECORD));
        }
    }

    @Test
    void aFeedMayWaitForTheNextBatchToTellThatACommitIsDue() {
        try (DestinationConnector destination = Probes.destination("{}")) {
            Failures.of(
                    Category.CANCELLED,
                    "cancelled",
                    () -> destination.write(request(RecordPolicy.FAIL), new Probes.Feed(frames) {
                        @Override
                        public boolean checkpointDue() throws InterruptedException {
                            throw new InterruptedException("the bundle is abandoned");
                        }
                    }));
            Thread.interrupted();
        }
    }

    @Test
    void aManifestSaysWhetherBatchesAreWrittenOnce() {
        assertThat(manifest("").exactlyOnce(), is(false));
        assertThat(manifest(", \"exactly_once\": null").exactlyOnce(), is(false));
        assertThat(manifest(", \"exactly_once\": true").exactlyOnce(), is(true));
        ConnectorException failure =
                Failures.of(Category.CONFIG, "manifest_invalid", () -> manifest(", \"exactly_once\": \"yes\""));
        assertThat(failure.getMessage(), containsString("exactly_once must be true or false"));
    }

    @Test
    void anUnknownAnswerToDriftIsNamedWithTheKnownOnes() {
        assertThat(TypeChange.fromJsonName("coerce"), is(TypeChange.COERCE));
        assertThat(
                assertThrows(IllegalArgumentException.class, () -> TypeChange.fromJsonName("widen"))
                        .getMessage(),
                is("\"widen\" is not one of fail, coerce, null"));
    }

    private static Manifest manifest(String more) {
        String json = "{\"name\": \"test\", \"version\": \"1.0.0\", \"abi\": 1, \"role\": \"destination\"" + more + "}";
        return ManifestReader.read("test", json.getBytes(StandardCharsets.UTF_8));
    }

    private static WriteRequest request(RecordPolicy policy) {
        return new WriteRequest(
                "run-1",
                plan.stream(),
                plan.schema(),
                WriteMode.APPEND,
                List.of(),
                policy,
                SchemaEvolution.defaults(),
                Map.of());
    }
}
